import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../../src/core/explain/explain.ts';
import { explain } from '../../../src/engine/inspect/explain-customer.ts';
import { ACME, createWorld, WORKSPACE, type World, type WorldOptions } from '../../support/world.ts';

const FILE = `${WORKSPACE}/customers/acme-coffee.yaml`;

async function onboarded(options: WorldOptions = {}): Promise<World> {
  const world = createWorld(options);
  world.declare('acme-coffee.yaml', ACME);
  await world.pass();
  return world;
}

async function explained(world: World): Promise<Explanation> {
  world.forgetRequests();
  const files = world.disk.files();
  const result = await explain(world.effects(true), {
    externalId: 'acme-coffee',
    bindingRequired: true,
    signal: new AbortController().signal,
  });
  if (!result.ok) throw new Error(result.refusal.message);
  expect(world.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(world.disk.files()).toEqual(files);
  return result.explanation;
}

const statesOf = ({ steps }: Explanation) => steps.map(({ name, resource, state }) => `${name ?? resource} ${state}`);
const stepOf = ({ steps }: Explanation, wanted: string) => steps.find(({ resource }) => resource === wanted);
const edit = (world: World, from: string, to: string) =>
  world.disk.plant(FILE, (world.disk.textOf(FILE) ?? '').replace(from, to));

const ALL = ['organization', 'credits', 'cap', 'refill', 'acme-integration'];

describe('explaining a customer', () => {
  it('tells of one that does not exist yet what the next pass will do', async () => {
    const world = createWorld();
    world.declare('acme-coffee.yaml', ACME);
    const explanation = await explained(world);
    expect(statesOf(explanation)).toEqual(ALL.map((name) => `${name} next`));
    expect(stepOf(explanation, 'credits')).toMatchObject({
      next: 'The next pass grants 5,000 credits (nothing was granted yet).',
      settledBy: 'reconcile acme-coffee',
    });
  });

  it('tells of one that is as declared since when it is', async () => {
    const explanation = await explained(await onboarded());
    expect(statesOf(explanation)).toEqual(ALL.map((name) => `${name} done`));
    expect(stepOf(explanation, 'credits')).toMatchObject({
      known: expect.stringContaining('5,000 of 5,000 declared credits are granted, in 1 grant'),
      since: '2026-06-15T12:00:00Z',
      settledBy: null,
    });
    expect(stepOf(explanation, 'api-key')?.known).toContain('.reconcile/secrets/');
  });

  it('is told by reads alone when the recorded status is lost', async () => {
    const world = await onboarded();
    world.declare('acme-coffee.yaml', ACME);
    world.disk.unlink(`${WORKSPACE}/.reconcile/journal.jsonl`);
    expect(statesOf(await explained(world))).toEqual(ALL.map((name) => `${name} done`));
  });

  it('names the approval of what a guard holds back', async () => {
    const world = createWorld({ workspaceYaml: 'guards: { maxGrantPerCustomer: 100 }\n' });
    world.declare('acme-coffee.yaml', ACME);
    expect(stepOf(await explained(world), 'credits')).toMatchObject({
      state: 'blocked',
      next: expect.stringContaining('guards.maxGrantPerCustomer'),
      settledBy: expect.stringMatching(/^reconcile acme-coffee --approve sha256:[0-9a-f]{64}$/),
    });
  });

  it('says of a grant whose answer was lost that nobody knows yet, and that it cannot happen twice', async () => {
    const world = createWorld();
    world.declare('acme-coffee.yaml', ACME);
    world.sandbox.faults.add({
      match: { method: 'POST', path: '/v1/organizations/*/credits/allocate' },
      times: 100,
      fault: { kind: 'lost-request' },
    });
    await world.pass();
    const explanation = await explained(world);
    expect(stepOf(explanation, 'credits')).toMatchObject({
      state: 'in-doubt',
      unknown: expect.stringContaining('What became of the request'),
      next: expect.stringContaining('cannot happen twice'),
      settledBy: 'reconcile acme-coffee',
    });
  });

  it.each<{ reason: string; break: (world: World) => void; states: readonly string[]; says: string }>([
    {
      reason: 'its organization was suspended by hand',
      break: (world) => {
        const [organization] = world.sandbox.snapshot().organizations.filter(({ name }) => name === 'Acme Coffee');
        world.sandbox.hands.suspend(organization?.id ?? '');
      },
      states: ['organization stuck'],
      says: 'reconcile resume',
    },
    {
      reason: 'its identity was edited: nothing else was looked at',
      break: (world) =>
        world.disk.plant(
          FILE,
          (world.disk.textOf(FILE) ?? '').replace('  externalId: acme-coffee', '  externalId: ae'),
        ),
      states: ['organization stuck', 'credits unknown', 'acme-integration unknown'],
      says: 'reconcile resolve',
    },
    {
      reason: 'its secret is lost and too old to be had again',
      break: (world) => {
        for (const path of Object.keys(world.disk.files()))
          if (path.includes('/secrets/') && path.includes('acme-integration')) world.disk.unlink(path);
        world.sandbox.clock.advance(25 * 3_600_000);
      },
      states: ['organization done', 'acme-integration stuck'],
      says: 'createdAfter',
    },
  ])('needs a person when $reason', async ({ break: breakIt, states, says }) => {
    const world = await onboarded();
    breakIt(world);
    const explanation = await explained(world);
    expect(statesOf(explanation)).toEqual(expect.arrayContaining([...states]));
    const settledBy = explanation.steps.flatMap((step) => (step.state === 'stuck' ? (step.settledBy ?? []) : []));
    expect(settledBy.join('\n')).toContain(says);
  });

  it('tells of a parent that is short of credits that it goes on by itself', async () => {
    const world = createWorld({ prepaidCredits: 100 });
    world.declare('acme-coffee.yaml', ACME);
    await world.pass();
    edit(world, 'name: Acme Coffee', 'name: Acme');
    expect(statesOf(await explained(world))).toEqual(expect.arrayContaining(['credits next', 'organization next']));
  });

  it('says what is true beside the steps: credits by others do not count', async () => {
    const world = await onboarded();
    const [organization] = world.sandbox.snapshot().organizations.filter(({ name }) => name === 'Acme Coffee');
    world.sandbox.hands.foreignTransfer(organization?.id ?? '', 700);
    const explanation = await explained(world);
    expect(explanation.warnings.map(({ code }) => code)).toEqual(['ForeignCredits']);
    expect(stepOf(explanation, 'credits')?.known).toContain('700 more came from others');
  });
});
