import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../../src/core/source.ts';
import { createDirectorySource } from '../../../src/effects/source/directory-source.ts';
import type { DeclarationSource } from '../../../src/effects/source/source.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../../support/memory-filesystem.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

/** A daemon's source in virtual time, over a disk on which others write while it reads. */
interface Desk {
  readonly disk: MemoryFileSystem;
  readonly clock: VirtualClock;
  readonly source: DeclarationSource;
  readonly write: (file: string, text: string) => void;
  /** Loads; `meanwhile` happens between the two looks of that load. */
  readonly load: (meanwhile?: () => void) => Promise<readonly string[]>;
  /** Lets so much time pass. */
  readonly later: (ms: number) => Promise<void>;
}

const ACME = 'externalId: acme\nname: Acme\ncredits: 5000\n';

function desk(): Desk {
  const disk = createMemoryFileSystem();
  const clock = createVirtualClock();
  const writtenAt = new Map<string, number>();
  const source = createDirectorySource({
    workspaceDirectory: '/fleet',
    clock,
    fileSystem: {
      ...disk,
      stat: (path) => ({ ...disk.stat(path), modifiedMs: writtenAt.get(path) ?? 0 }),
    },
    settling: { clock, quietMs: 300, tornMs: 5_000 },
  });
  const write = (file: string, text: string) => {
    disk.plant(`/fleet/${file}`, text);
    writtenAt.set(`/fleet/${file}`, clock.now());
  };
  write('reconcile.yaml', 'guards: { maxGrant: 100 }\n');
  write('customers/acme.yaml', ACME);
  const words = (fleet: Fleet) => [
    ...fleet.customers.map(({ declaration }) => `${declaration.externalId} ${declaration.credits}`),
    ...fleet.broken.map(({ externalId, problems }) => `${externalId} ${problems.map(({ code }) => code).join()}`),
  ];
  return {
    disk,
    clock,
    source,
    write,
    later: (ms) => clock.advance(ms),
    async load(meanwhile = () => {}) {
      const loading = (async () => {
        const workspace = await source.loadWorkspace();
        if (!workspace.ok) return workspace.problems.map(({ code }) => code);
        const fleet = await source.loadFleet(workspace.workspace);
        return fleet.ok ? words(fleet.fleet) : fleet.problems.map(({ code }) => code);
      })();
      await clock.advance(0);
      meanwhile();
      return clock.run(loading);
    },
  };
}

async function settledDesk(): Promise<Desk> {
  const one = desk();
  expect(await one.load()).toEqual(['acme 5000']);
  return one;
}

describe('a daemon that reads while others write', () => {
  test('believes a change that two reads found, and waits no time for what it knows', async () => {
    const { load, write, clock } = await settledDesk();
    write('customers/acme.yaml', ACME.replace('5000', '7000'));
    expect(await load()).toEqual(['acme 7000']);
    const before = clock.monotonic();
    expect(await load()).toEqual(['acme 7000']);
    expect(clock.monotonic()).toBe(before);
  });

  test('freezes a customer whose file goes on changing, and names whose it is', async () => {
    const { load, write } = await settledDesk();
    write('customers/acme.yaml', ACME.replace('5000', '6000'));
    const frozen = await load(() => write('customers/acme.yaml', ACME.replace('5000', '7000')));
    expect(frozen).toEqual(['acme FileChanging']);
    expect(await load()).toEqual(['acme 7000']);
  });

  test.each([
    { reason: 'breaks off in the middle of a number', text: 'externalId: acme\nname: Acme\ncredits: 50' },
    { reason: 'breaks off behind a line and is shorter than before', text: 'externalId: acme\nname: Acme\n' },
  ])('works from no text that $reason before it stood still for seconds', async ({ text }) => {
    const { load, write, later } = await settledDesk();
    write('customers/acme.yaml', text);
    expect(await load()).toEqual(['acme FileChanging']);
    write('customers/acme.yaml', ACME.replace('5000', '7000'));
    expect(await load()).toEqual(['acme 7000']);

    write('customers/acme.yaml', text);
    expect(await load()).toEqual(['acme FileChanging']);
    await later(5_000);
    expect(await load()).not.toContain('acme FileChanging');
  });

  test('takes an emptied file for broken, not for a customer without credits', async () => {
    const { load, write } = await settledDesk();
    write('customers/acme.yaml', '');
    expect(await load()).toEqual(['null EmptyFile']);
  });

  test('never reads guards away: a shortened reconcile.yaml freezes everything', async () => {
    const { load, write, later } = await settledDesk();
    write('reconcile.yaml', '# guards\n');
    expect(await load()).toEqual(['FileChanging']);
    write('reconcile.yaml', 'guards: { maxGrant: 100, maxArchives: 2 }\n');
    expect(await load()).toEqual(['acme 5000']);
    write('reconcile.yaml', '# guards\n');
    await load();
    await later(5_000);
    expect(await load()).toEqual(['acme 5000']);
  });

  test('leaves the customer of a file that is gone for a moment as it is', async () => {
    const { load, write, disk } = await settledDesk();
    write('customers/bolt.yaml', 'externalId: bolt\nname: Bolt\n');
    expect(await load()).toEqual(['acme 5000', 'bolt 0']);
    disk.unlink('/fleet/customers/acme.yaml');
    expect(await load(() => write('customers/acme.yaml', ACME))).toEqual(['acme 5000', 'bolt 0']);
    disk.unlink('/fleet/customers/acme.yaml');
    expect(await load()).toEqual(['bolt 0']);
  });

  test('is not held up by what does not change the declaration: comments, and the status we write ourselves', async () => {
    const { load, write, clock } = await settledDesk();
    const before = clock.monotonic();
    write('customers/acme.yaml', `# a comment\n${ACME}status: { phase: Ready }\n`);
    expect(await load()).toEqual(['acme 5000']);
    write('customers/acme.yaml', ACME);
    expect(await load()).toEqual(['acme 5000']);
    expect(clock.monotonic()).toBe(before);
  });

  test('moves no money from a declaration that changed since it was planned, settled or not', async () => {
    const { write, source, clock } = await settledDesk();
    const workspace = await source.loadWorkspace();
    if (!workspace.ok) throw new Error('the workspace is valid');
    const fleet = await clock.run(source.loadFleet(workspace.workspace));
    const [acme] = fleet.ok ? fleet.fleet.customers : [];
    if (!acme) throw new Error('acme is declared');
    expect(await source.reread(acme, workspace.workspace)).toBe('same');
    write('customers/acme.yaml', ACME.slice(0, -3));
    expect(await source.reread(acme, workspace.workspace)).toBe('changed');
  });
});

test('a tree that is swapped under a load is read anew, never half and half', async () => {
  const disk = createMemoryFileSystem();
  disk.plant('/trees/one/customers/acme.yaml', ACME);
  disk.plant('/trees/one/customers/bolt.yaml', 'externalId: bolt\nname: Bolt\ncredits: 1\n');
  disk.plant('/trees/two/customers/acme.yaml', ACME.replace('5000', '7000'));
  disk.plant('/trees/two/customers/bolt.yaml', 'externalId: bolt\nname: Bolt\ncredits: 2\n');
  disk.plantLink('/fleet', 'trees/one');
  const source = createDirectorySource({ workspaceDirectory: '/fleet', clock: { now: () => 0 }, fileSystem: disk });
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) throw new Error('the workspace is valid');
  let swapped = false;
  disk.onOperation = ({ kind, path }) => {
    if (swapped || kind !== 'readFile' || !path.endsWith('bolt.yaml')) return undefined;
    swapped = true;
    disk.plantLink('/fleet', 'trees/two');
    return undefined;
  };
  const fleet = await source.loadFleet(workspace.workspace);
  expect(fleet.ok && fleet.fleet.customers.map(({ declaration }) => declaration.credits)).toEqual([7000, 2]);
});
