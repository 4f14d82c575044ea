import { describe, expect, it } from 'vitest';
import { ACME, createWorld, FIREHOSE, WORKSPACE, type World } from '../support/world.ts';

/** A person thinks about the plan for as long as they like; what they release is what the files say then. */

const CUSTOMER = `${WORKSPACE}/customers/acme-coffee.yaml`;
const SETTINGS = `${WORKSPACE}/reconcile.yaml`;

async function onboarded(): Promise<World> {
  const world = createWorld({ workspaceYaml: FIREHOSE });
  world.declare('acme-coffee.yaml', ACME);
  expect((await world.pass()).customers[0]?.phase).toBe('Ready');
  return world;
}

/** Edits a file, plans, and edits once more while the question is open. */
async function meanwhile(world: World, before: [string, string], path: string, edit: (text: string) => string) {
  world.disk.plant(CUSTOMER, (world.disk.textOf(CUSTOMER) ?? '').replace(...before));
  world.disk.plant(SETTINGS, (world.disk.textOf(SETTINGS) ?? '').replace('[content.generated, ', '[job.failed, '));
  world.forgetRequests();
  const report = await world.pass({
    confirm: async () => {
      world.disk.plant(path, edit(world.disk.textOf(path) ?? ''));
      return true;
    },
  });
  return { report, writes: world.requests.filter(({ method }) => method !== 'GET').map(({ path: to }) => to) };
}

describe('what was edited while a plan waited for its answer', () => {
  it.each([
    { reason: 'the limits', before: ['cap: 5000', 'cap: 6000'] as [string, string] },
    { reason: 'the name', before: ['name: Acme Coffee', 'name: Acme Tea'] as [string, string] },
    { reason: 'the credits', before: ['credits: 5000', 'credits: 6000'] as [string, string] },
  ])('stops every write when it is `freeze`: $reason and the webhook', async ({ before }) => {
    const world = await onboarded();
    const { report, writes } = await meanwhile(world, before, SETTINGS, (text) => `${text}guards: { freeze: true }\n`);
    expect(writes).toEqual([]);
    expect(report.customers[0]?.problems.map(({ code }) => code)).toContain('DeclarationChanged');
    expect(report.fleet.problems.map(({ code }) => code)).toContain('DeclarationChanged');
  });

  it('does not reach an organization that somebody suspended while the plan waited (I9)', async () => {
    const world = await onboarded();
    world.declare('acme-coffee.yaml', (world.disk.textOf(CUSTOMER) ?? '').replace('credits: 5000', 'credits: 6000'));
    world.forgetRequests();
    const report = await world.pass({
      confirm: async () => {
        const organization = world.sandbox.snapshot().organizations.find(({ name }) => name === 'Acme Coffee');
        world.sandbox.hands.suspend(organization?.id ?? '');
        world.sandbox.clock.advance(3_600_000);
        return true;
      },
    });
    expect(report.customers[0]?.problems.map(({ code }) => code)).toEqual(['StaleRead']);
    expect(report.customers[0]?.steps.map(({ outcome }) => outcome)).toEqual(['not-started']);
    expect(world.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect((await world.pass()).customers[0]?.problems.map(({ code }) => code)).toEqual(['SuspendedByHand']);
  });

  it('is not undone by what was planned before: the limits', async () => {
    const world = await onboarded();
    const { writes } = await meanwhile(world, ['cap: 5000', 'cap: 6000'], CUSTOMER, (text) =>
      text.replace('cap: 6000', 'cap: 1'),
    );
    expect(writes.filter((path) => path.includes('/organizations/'))).toEqual([]);
  });
});
