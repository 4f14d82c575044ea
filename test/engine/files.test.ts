import { describe, expect, it } from 'vitest';
import { ACME, createWorld, WORKSPACE, type World } from '../support/world.ts';

const FILE = `${WORKSPACE}/customers/acme-coffee.yaml`;

async function onboarded(): Promise<World> {
  const world = createWorld();
  world.declare('acme-coffee.yaml', ACME);
  world.declare('birch.yaml', 'externalId: birch\nname: Birch\n');
  await world.pass();
  return world;
}

/** Runs a pass that must not write anything to the API. */
async function quietPass(world: World) {
  const operations = world.sandbox.snapshot().operations.length;
  const report = await world.pass();
  expect(world.sandbox.snapshot().operations).toHaveLength(operations);
  return report;
}

describe('a customer’s file', () => {
  it('that is deleted leaves an orphan, reported and left alone; restored, it is found again', async () => {
    const world = await onboarded();
    const text = world.disk.textOf(FILE) ?? '';
    world.disk.unlink(FILE);
    expect((await quietPass(world)).fleet.problems).toMatchObject([{ code: 'Orphaned', severity: 'warning' }]);
    world.disk.plant(FILE, text);
    const restored = await quietPass(world);
    expect([restored.fleet.problems, restored.planHash]).toEqual([[], null]);
  });

  it('that is renamed or moved is the same customer: identity is inside', async () => {
    const world = await onboarded();
    const text = world.disk.textOf(FILE) ?? '';
    world.disk.unlink(FILE);
    world.disk.plant(`${WORKSPACE}/customers/coffee/acme.yml`, text);
    const report = await quietPass(world);
    expect([report.fleet.problems, report.planHash]).toEqual([[], null]);
  });

  it('copied with its status block freezes both while they claim one identity', async () => {
    const world = await onboarded();
    world.disk.plant(`${WORKSPACE}/customers/copy.yaml`, world.disk.textOf(FILE) ?? '');
    const report = await quietPass(world);
    expect(report.brokenFiles.map(({ file }) => file).toSorted()).toEqual([
      'customers/acme-coffee.yaml',
      'customers/copy.yaml',
    ]);
    expect(report.fleet.problems).toEqual([]);
  });

  it('copied and given its own identity is a new customer; the status that came with it is ignored', async () => {
    const world = await onboarded();
    const copy = (world.disk.textOf(FILE) ?? '').replace(
      'externalId: acme-coffee\nname: Acme Coffee',
      'externalId: acme-tea\nname: Acme Tea',
    );
    world.disk.plant(`${WORKSPACE}/customers/copy.yaml`, copy);
    const report = await world.pass();
    const tea = report.customers.find(({ externalId }) => externalId === 'acme-tea');
    expect(tea).toMatchObject({ phase: 'Ready', problems: [{ code: 'StatusIgnored' }] });
    expect((await quietPass(world)).planHash).toBeNull();
  });

  it('whose identity is edited in place is frozen by its status, and by its name when status is lost', async () => {
    const world = await onboarded();
    const edited = (world.disk.textOf(FILE) ?? '').replace(
      'externalId: acme-coffee\nname',
      'externalId: acme-cafe\nname',
    );
    world.disk.plant(FILE, edited);
    expect((await quietPass(world)).customers[0]?.problems).toMatchObject([{ code: 'IdentityChanged' }]);
    world.disk.plant(FILE, ACME.replace('externalId: acme-coffee', 'externalId: acme-cafe'));
    expect((await quietPass(world)).customers[0]?.problems).toMatchObject([{ code: 'AdoptionRequired' }]);
  });

  it('that cannot be used freezes only its own customer', async () => {
    const world = await onboarded();
    world.disk.plant(FILE, `${ACME}credits: 1\n`);
    world.declare('birch.yaml', 'externalId: birch\nname: Birch\ncap: 7\n');
    const report = await world.pass();
    expect(report.brokenFiles).toMatchObject([{ externalId: 'acme-coffee' }]);
    expect(report.customers).toMatchObject([{ externalId: 'birch', phase: 'Ready' }]);
    expect(report.fleet.problems).toEqual([]);
  });
});
