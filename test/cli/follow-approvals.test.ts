import { describe, expect, it } from 'vitest';
import { followApprovals } from '../../src/cli/follow-approvals.ts';
import { sha256 } from '../../src/effects/chance.ts';
import { createReviewedPlans, type ReviewedPlans } from '../../src/effects/reviewed-plans.ts';
import { createDaemonWorld, type DaemonWorld, type DaemonWorldOptions } from '../support/daemon-world.ts';
import { createMemoryFileSystem } from '../support/memory-filesystem.ts';
import { ACME, WORKSPACE } from '../support/world.ts';

const GUARDED = 'guards: { maxGrant: 50 }\n';
const OTHER = `sha256:${'0'.repeat(64)}`;

function memory(): ReviewedPlans {
  const fileSystem = createMemoryFileSystem();
  fileSystem.plantDirectory('/plans');
  const chance = { random: () => 0.5, uuid: () => '5b1ff4c2-6d52-4b0c-8c0c-0d9b2f1f3a11' };
  return createReviewedPlans({ fileSystem, chance, directory: '/plans', hash: sha256 });
}

interface Line {
  readonly approval: string;
  readonly approved: string | readonly string[];
  readonly heldBack: readonly { readonly approval: string; readonly steps: readonly string[] }[];
  readonly next: string;
}

/** A daemon over one customer, and what is said of the approvals that it was given. */
async function run(given: readonly string[], reviewed: ReviewedPlans, options: DaemonWorldOptions = {}) {
  const daemon = createDaemonWorld({ workspaceYaml: GUARDED, approved: given, ...options });
  daemon.world.declare('acme-coffee.yaml', ACME);
  const lines: Line[] = [];
  const observe = followApprovals({ given, reviewed, log: { warn: (line: Line) => void lines.push(line) } });
  const advance = async (ms: number) => {
    await daemon.advance(ms);
    for (const event of daemon.takeEvents()) observe(event);
  };
  await daemon.start();
  await advance(5_000);
  return { daemon, lines, advance };
}

const grantIn = ({ world }: DaemonWorld) =>
  world.sandbox.snapshot().operations.some(({ kind }) => kind === 'credits.allocate');

describe('an approval given to a daemon at its start', () => {
  it('that fits nothing is told once, with what is held back now', async () => {
    const { lines, advance } = await run([OTHER], memory());
    await advance(3_600_000);
    expect(lines).toEqual([
      {
        approval: OTHER,
        approved: 'not known in this workspace',
        heldBack: [
          {
            approval: expect.stringMatching(/^sha256:/),
            steps: ['acme-coffee: grant 5,000 credits, granted 0 → 5000'],
          },
        ],
        next: 'Review what is held back, and approve its hash.',
      },
    ]);
  });

  it('that fits what was printed before lets it through, and is not told', async () => {
    const reviewed = memory();
    const first = await run([OTHER], reviewed);
    const hash = first.lines[0]?.heldBack[0]?.approval ?? '';
    await first.daemon.stop();
    const { sandbox, disk } = first.daemon.world;
    const second = await run([hash], reviewed, { sandbox, disk });
    expect(grantIn(second.daemon)).toBe(true);
    expect(second.lines).toEqual([]);
  });

  it('that is stale is told with what it was given for, since the daemon remembers what it prints', async () => {
    const reviewed = memory();
    const first = await run([OTHER], reviewed);
    const hash = first.lines[0]?.heldBack[0]?.approval ?? '';
    await first.daemon.stop();
    const { sandbox, disk } = first.daemon.world;
    const path = `${WORKSPACE}/customers/acme-coffee.yaml`;
    disk.plant(path, ACME.replace('credits: 5000', 'credits: 7000'));
    const daemon = createDaemonWorld({ sandbox, disk, approved: [hash] });
    const lines: Line[] = [];
    const observe = followApprovals({ given: [hash], reviewed, log: { warn: (line: Line) => void lines.push(line) } });
    await daemon.start();
    await daemon.advance(5_000);
    for (const event of daemon.takeEvents()) observe(event);
    expect(grantIn(daemon)).toBe(false);
    expect(lines).toMatchObject([
      {
        approved: ['acme-coffee: grant 5,000 credits, granted 0 → 5000'],
        heldBack: [{ steps: ['acme-coffee: grant 7,000 credits, granted 0 → 7000'] }],
      },
    ]);
  });

  it('that nothing needs any more is told too', async () => {
    const { lines } = await run([OTHER], memory(), { workspaceYaml: '' });
    expect(lines).toMatchObject([{ heldBack: [], next: expect.stringContaining('leave the approval out') }]);
  });
});
