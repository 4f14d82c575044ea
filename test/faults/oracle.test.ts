import { describe, expect, it } from 'vitest';
import { createOracle, type Oracle } from '../support/oracle.ts';
import { ACME, createWorld, FIREHOSE, WORKSPACE, type World } from '../support/world.ts';

interface Watched {
  readonly world: World;
  readonly oracle: Oracle;
  /** A request of ours that no pass would make. */
  readonly request: (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object, key?: string) => void;
  readonly organizationId: string;
}

/** The guide's customer, onboarded under the oracle's eyes. */
async function onboarded(): Promise<Watched> {
  let oracle: Oracle | null = null;
  const world = createWorld({
    workspaceYaml: FIREHOSE,
    transport: (inner) => ({
      send: (request) => (oracle ? oracle.watchTransport(inner).send(request) : inner.send(request)),
    }),
  });
  oracle = createOracle(world.sandbox);
  const eyes = oracle;
  eyes.watchDisk(world.disk, WORKSPACE);
  eyes.declare('reconcile.yaml', world.disk.textOf(`${WORKSPACE}/reconcile.yaml`));
  eyes.declare('customers/acme-coffee.yaml', ACME);
  world.declare('acme-coffee.yaml', ACME);
  const report = await world.pass();
  eyes.judgeText('the report', JSON.stringify(report));
  const organizationId = report.customers[0]?.organizationId ?? '';
  return {
    world,
    oracle: eyes,
    organizationId,
    request(method, path, body, key = crypto.randomUUID()) {
      const headers = { authorization: `Bearer ${world.sandbox.parent().token}`, 'idempotency-key': key };
      const wire = { method, path, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
      eyes.beforeRequest(wire);
      world.sandbox.handle(wire);
      eyes.afterRequest(wire);
    },
  };
}

const invariants = ({ oracle }: Watched) => [...new Set(oracle.violations.map(({ invariant }) => invariant))];
const mark = (org: string, slot: number, base: number, delta: number) => ({
  credits: delta,
  metadata: {
    rcn: '1',
    cust: 'acme-coffee',
    inc: '1',
    org,
    slot: String(slot),
    base: String(base),
    delta: String(delta),
    cum: String(base + delta),
  },
});

describe('the oracle', () => {
  it('finds nothing wrong with an onboarding and counts what was executed', async () => {
    const watched = await onboarded();
    watched.oracle.judgeAll();
    watched.oracle.assertHolds();
    expect(watched.oracle.counts()).toEqual({
      'api webhook.create': 1,
      'api organization.create': 1,
      'api credits.allocate': 1,
      'api credit-config.patch': 1,
      'api key.mint': 1,
    });
  });

  it.each<{ reason: string; invariant: string; act: (watched: Watched) => void }>([
    {
      reason: 'a grant above what was declared',
      invariant: 'I1',
      act: ({ request, organizationId }) =>
        request('POST', `/v1/organizations/${organizationId}/credits/allocate`, mark(organizationId, 1, 5000, 1)),
    },
    {
      reason: 'a slot filled twice',
      invariant: 'I1',
      act: ({ request, organizationId, oracle }) => {
        oracle.declare('customers/acme-coffee.yaml', ACME.replace('credits: 5000', 'credits: 6000'));
        request('POST', `/v1/organizations/${organizationId}/credits/allocate`, mark(organizationId, 0, 0, 1000));
      },
    },
    {
      reason: 'a second organization',
      invariant: 'I2',
      act: ({ request }) =>
        request('POST', '/v1/organizations', {
          name: 'Acme Coffee',
          metadata: { externalId: 'acme-coffee', rcn: '1', rcn_inc: '1' },
        }),
    },
    {
      reason: 'an organization that no file declares',
      invariant: 'I5',
      act: ({ request }) => request('POST', '/v1/organizations', { name: 'X', metadata: { externalId: 'x' } }),
    },
    {
      reason: 'an archive that nobody declared',
      invariant: 'I5',
      act: ({ request, organizationId }) => request('DELETE', `/v1/organizations/${organizationId}`),
    },
    {
      reason: 'a key made twice',
      invariant: 'I5',
      act: ({ request, organizationId }) =>
        request('POST', `/v1/organizations/${organizationId}/api-keys`, {
          name: 'acme-integration',
          scopes: ['content:read', 'content:write'],
        }),
    },
    {
      reason: 'a secret in the journal, in base64',
      invariant: 'I4',
      act: ({ world }) => {
        const text = Buffer.from(`x${world.sandbox.parent().token}`).toString('base64');
        world.disk.write(world.disk.openAppend(`${WORKSPACE}/.reconcile/journal.jsonl`, 0o600), Buffer.from(text));
      },
    },
    {
      reason: 'a store that lost a secret which nobody can give again',
      invariant: 'I3',
      act: ({ world, oracle }) => {
        world.sandbox.clock.advance(21 * 3_600_000);
        const [place] = world.disk
          .textsBelow(`${WORKSPACE}/.reconcile/secrets`)
          .find(([, text]) => text.startsWith('lp_')) ?? [''];
        world.disk.unlink(place);
        oracle.judgeDisks();
      },
    },
    {
      reason: 'a comment of the user that got lost',
      invariant: 'I11',
      act: ({ oracle }) => {
        oracle.declare('customers/acme-coffee.yaml', `# mine\n${ACME}`);
        oracle.judgeDisks();
      },
    },
    {
      reason: 'a status that says Ready of limits that were changed by hand',
      invariant: 'I11',
      act: ({ world, oracle, request, organizationId }) => {
        request('PATCH', `/v1/organizations/${organizationId}/credit-config`, { monthlyCreditCap: 7 });
        world.sandbox.clock.advance(1);
        oracle.judgeDisks();
      },
    },
    {
      reason: 'a refill without the declared grant',
      invariant: 'I10',
      act: ({ request, world, oracle }) => {
        const { done, ...made } = world.sandbox.hands.createOrganization({
          name: 'B',
          metadata: { externalId: 'b', rcn: '1', rcn_inc: '1' },
        });
        if (!done || !('organization' in made)) throw new Error('not made');
        oracle.declare('customers/b.yaml', ACME.replace('acme-coffee', 'b'));
        request('PATCH', `/v1/organizations/${made.organization.id}/credit-config`, {
          monthlyCreditCap: 5000,
          refillThreshold: 1000,
          refillAmount: 2000,
        });
      },
    },
  ])('sees $reason ($invariant)', async ({ invariant, act }) => {
    const watched = await onboarded();
    watched.oracle.assertHolds();
    act(watched);
    expect(invariants(watched)).toContain(invariant);
  });

  it('excuses a status for the secret that people took away, and not for that of a later key (I3)', async () => {
    const { world, oracle, request, organizationId } = await onboarded();
    const [place] = world.disk
      .textsBelow(`${WORKSPACE}/.reconcile/secrets`)
      .find(([, text]) => text.startsWith('lp_')) ?? [''];
    world.disk.unlink(place);
    oracle.declare(place.slice(WORKSPACE.length + 1), null);
    oracle.judgeDisks();
    oracle.assertHolds();

    const keyOf = () =>
      world.sandbox.snapshot().apiKeys.find((key) => key.name === 'acme-integration' && !key.supersededBy);
    const lost = keyOf()?.id ?? '';
    request('POST', `/v1/organizations/${organizationId}/api-keys/${lost}/rotate`);
    const later = keyOf()?.id ?? '';
    expect(later).not.toBe(lost);
    const text = world.disk.textOf(`${WORKSPACE}/customers/acme-coffee.yaml`) ?? '';
    world.declare('acme-coffee.yaml', text.replaceAll(lost, later));
    oracle.judgeDisks();
    expect(oracle.violations.map(({ message }) => message)).toContain(
      `customers/acme-coffee.yaml: status names ${later}, whose secret is in no store`,
    );
  });
});
