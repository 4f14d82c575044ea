import { describe, expect, test } from 'vitest';
import { customerSchema } from '../../../src/core/declaration/customer.ts';
import type { Problem } from '../../../src/core/problem.ts';
import type { StepReport } from '../../../src/core/report.ts';
import { createKubernetesAnnouncer } from '../../../src/effects/kubernetes/announcer.ts';
import { customers, events } from '../../../src/effects/kubernetes/kinds.ts';
import { createFakeCluster, type FakeCluster } from '../../support/fake-cluster.ts';
import { step as reportedStep } from '../../support/reports.ts';

const at = { file: 'customers/acme/acme', line: 1, column: 1, path: 'spec' };
const declaration = customerSchema.parse({ externalId: 'acme', name: 'Acme' });
const customer = { declaration, file: at.file, positions: new Map(), hash: 'sha256:one', status: null };

function clusterWith(status?: object): FakeCluster {
  const cluster = createFakeCluster();
  cluster.apply({
    apiVersion: 'layers-reconciler.dev/v1alpha1',
    kind: 'Customer',
    metadata: { name: 'acme', namespace: 'acme' },
    spec: { externalId: 'acme', name: 'Acme' },
    ...(status ? { status } : {}),
  });
  return cluster;
}

function announcerIn(cluster: FakeCluster, troubles: string[] = []) {
  const { metadata } = cluster.object(customers, 'acme', 'acme') ?? { metadata: {} };
  const { uid, generation }: Readonly<Record<string, unknown>> = metadata;
  return createKubernetesAnnouncer({
    client: cluster.client,
    clock: { now: () => Date.parse('2026-11-25T00:00:00Z') },
    objectAt: (file) =>
      file === at.file ? { namespace: 'acme', name: 'acme', uid: String(uid), generation: Number(generation) } : null,
    instance: 'reconcile-0',
    onTrouble: (message) => troubles.push(message),
  });
}

const step = (
  action: StepReport['action'],
  outcome: StepReport['outcome'],
  extra: Partial<StepReport> = {},
): StepReport =>
  reportedStep({
    action,
    outcome,
    resource: 'organization',
    name: null,
    reason: 'because',
    at,
    before: null,
    after: null,
    ...extra,
  });
const problem: Problem = {
  code: 'OverGranted',
  severity: 'warning',
  message: 'More was granted.',
  next: null,
  at,
  requestId: null,
};

const said = (cluster: FakeCluster) =>
  cluster.objects(events).map((event) => ['type', 'reason', 'note'].map((member) => String(event[member])).join(' '));

describe('events', () => {
  const onboarding = {
    phase: 'Ready',
    problems: [problem],
    steps: [
      step('create', 'done'),
      step('grant', 'done', { resource: 'credits', credits: 5000 }),
      step('change', 'done', { resource: 'credit-config', name: 'cap' }),
      step('mint', 'done', { resource: 'api-key', name: 'sync' }),
    ],
  } as const;

  test('tell beside the object what was done for it, without an amount', async () => {
    const cluster = clusterWith();
    const announcer = announcerIn(cluster);
    announcer.visited(customer, onboarding);
    await announcer.flush();
    expect(said(cluster)).toEqual([
      'Normal OrganizationCreated The organization was created.',
      'Normal CreditsGranted Credits were granted from the parent wallet, and are on the ledger.',
      'Normal LimitsChanged The cap or the refill was set as declared.',
      'Normal KeyMinted An API key was minted, and its secret is stored: sync.',
      'Warning OverGranted More was granted.',
      'Normal Converged The organization is as declared.',
    ]);
    expect(cluster.objects(events)[0]).toMatchObject({
      metadata: { namespace: 'acme', name: expect.stringMatching(/^acme\.[0-9a-f]{16}$/) },
      eventTime: '2026-11-25T00:00:00.000000Z',
      reportingController: 'layers-reconciler.dev',
      reportingInstance: 'reconcile-0',
      regarding: { kind: 'Customer', namespace: 'acme', name: 'acme' },
    });
  });

  test('say one thing once for a generation, from another replica too', async () => {
    const cluster = clusterWith();
    for (const announcer of [announcerIn(cluster), announcerIn(cluster)])
      for (let pass = 0; pass < 3; pass += 1) {
        announcer.visited(customer, { phase: 'Ready', steps: [], problems: [problem] });
        await announcer.flush();
      }
    expect(said(cluster)).toEqual(['Warning OverGranted More was granted.']);
    // The first replica asked once, and so did the second.
    expect(cluster.calls).toHaveLength(2);
  });

  test('are not sent while nothing happens', async () => {
    const cluster = clusterWith();
    const announcer = announcerIn(cluster);
    announcer.visited(customer, { phase: 'Ready', steps: [], problems: [] });
    await announcer.flush();
    expect(cluster.calls).toEqual([]);
  });

  test('that a guard holds steps back name the guard once', async () => {
    const cluster = clusterWith();
    const announcer = announcerIn(cluster);
    const blocked = step('grant', 'blocked', { blockedBy: 'maxGrant' });
    announcer.visited(customer, { phase: 'Stalled', steps: [blocked, blocked], problems: [] });
    await announcer.flush();
    expect(said(cluster)).toEqual([
      'Warning GuardBlocked Steps are held back by guards.maxGrant until somebody approves them.',
    ]);
  });

  test('that cannot be sent are told once and trouble nobody', async () => {
    const cluster = clusterWith();
    cluster.fault = () => ({ outcome: 'forbidden', message: 'We may not create events.' });
    const troubles: string[] = [];
    const announcer = announcerIn(cluster, troubles);
    announcer.visited(customer, onboarding);
    await announcer.flush();
    expect(troubles).toEqual(['We may not create events.']);
  });

  test('with a long note are cut to what the API takes, between two characters', async () => {
    const cluster = clusterWith();
    const announcer = announcerIn(cluster);
    announcer.visited(customer, {
      phase: 'Held',
      steps: [],
      problems: [{ ...problem, message: '☕'.repeat(500) }],
    });
    await announcer.flush();
    const note = String(cluster.objects(events)[0]?.['note']);
    expect(new TextEncoder().encode(note).length).toBeLessThanOrEqual(1_000);
    expect(note).toMatch(/^☕+…$/);
  });
});

describe('an object that cannot be used', () => {
  const broken = {
    file: at.file,
    externalId: 'acme',
    problems: [
      { ...at, path: 'spec.credits', code: 'InvalidNumber', message: 'credits must be a number.', hint: 'Mend it.' },
    ],
  };
  const recorded = {
    externalId: 'acme',
    organizationId: 'org_child',
    phase: 'Ready',
    future: { kept: true },
    credits: { declared: 5, granted: 5, slots: 1 },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Converged',
        message: 'Fine.',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
      {
        type: 'ForeignCredits',
        status: 'True',
        reason: 'ForeignCredits',
        message: 'Some.',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  };
  const statusIn = (cluster: FakeCluster) => cluster.object(customers, 'acme', 'acme')?.['status'];

  test('stops looking ready, and keeps everything that was recorded', async () => {
    const cluster = clusterWith(recorded);
    const announcer = announcerIn(cluster);
    announcer.refused([broken]);
    await announcer.flush();
    const { conditions: _, phase: __, ...kept } = recorded;
    expect(statusIn(cluster)).toEqual({
      ...kept,
      phase: 'Stalled',
      observedGeneration: 1,
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'InvalidNumber',
          message: 'spec.credits: credits must be a number. Mend it.',
          lastTransitionTime: '2026-11-25T00:00:00.000Z',
        },
        recorded.conditions[1],
      ],
    });
    expect(said(cluster)).toEqual(['Warning InvalidNumber spec.credits: credits must be a number. Mend it.']);
  });

  test('is written to once', async () => {
    const cluster = clusterWith();
    const announcer = announcerIn(cluster);
    for (let pass = 0; pass < 3; pass += 1) announcer.refused([broken]);
    await announcer.flush();
    expect(cluster.calls.filter(({ verb }) => verb === 'update')).toHaveLength(1);
  });

  test('that somebody has changed since is left to the next look', async () => {
    const cluster = clusterWith();
    const announcer = announcerIn(cluster);
    const object = cluster.object(customers, 'acme', 'acme');
    if (object) cluster.apply({ ...object, spec: { externalId: 'acme', name: 'Mended' } });
    announcer.refused([broken]);
    await announcer.flush();
    expect(statusIn(cluster)).toBeUndefined();
  });

  test('of no object is not announced', async () => {
    const cluster = clusterWith();
    const announcer = announcerIn(cluster);
    announcer.refused([{ ...broken, file: 'customers/acme.yaml' }]);
    await announcer.flush();
    expect(cluster.calls).toEqual([]);
  });
});
