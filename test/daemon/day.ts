import type { WireAnswer, WireRequest } from '../../src/effects/layers/transport.ts';
import { createDaemonWorld } from '../support/daemon-world.ts';
import type { Operation } from '../support/memory-filesystem.ts';
import { FIREHOSE } from '../support/world.ts';

export interface Tally {
  readonly reads: number;
  readonly writes: number;
  /** Changes of the disk: files, status, journal, secrets. */
  readonly fileWrites: number;
  /** Answers of 429. */
  readonly refused: number;
  readonly busiestMinute: number;
  /** Customers whose keys were listed. */
  readonly audited: number;
}

export interface Day {
  /** Until nothing is written any more; virtual minutes. */
  converge(): Promise<number>;
  hour(): Promise<Tally>;
  total(): Tally & { readonly unaudited: number };
}

const CHANGING: ReadonlySet<Operation['kind']> = new Set(['write', 'rename', 'unlink', 'createExclusive', 'chmod']);
const NOTHING: Tally = { reads: 0, writes: 0, fileWrites: 0, refused: 0, busiestMinute: 0, audited: 0 };

/** A fleet with credits, caps, keys and a webhook, kept by a daemon that paces as the real one does. */
export function createDay(customers: number): Day {
  let fileWrites = 0;
  let refused = 0;
  const daemon = createDaemonWorld({
    tier: 'standard',
    isPaced: true,
    requestLogMax: 0,
    prepaidCredits: customers * 1_000,
    workspaceYaml: FIREHOSE,
    random: seeded(7),
    onAnswer: (_request: WireRequest, answer: WireAnswer) => {
      if (answer.kind === 'response' && answer.status === 429) refused += 1;
    },
  });
  for (let index = 0; index < customers; index += 1) {
    const name = `customer-${String(index).padStart(5, '0')}`;
    const keys = 'keys:\n  - { name: main, scopes: [content:read] }\n';
    daemon.world.declare(
      `${name}.yaml`,
      `externalId: ${name}\nname: Customer ${index}\ncredits: 100\ncap: 100\n${keys}`,
    );
  }
  daemon.world.disk.onOperation = ({ kind }) => {
    if (CHANGING.has(kind)) fileWrites += 1;
  };
  let total = NOTHING;
  const audited = new Set<string>();

  /** A minute, in seconds, so that what needs no time is done in between. */
  async function minute(): Promise<Tally> {
    const before = { fileWrites, refused };
    for (let second = 0; second < 60; second += 1) await daemon.advance(1_000);
    const requests = daemon.takeRequests();
    daemon.takeEvents();
    const reads = requests.filter((one) => one.startsWith('GET'));
    const listed = reads.flatMap((one) => /organizations\/(org_[^/]+)\/api-keys/.exec(one)?.[1] ?? []);
    for (const id of listed) audited.add(id);
    return {
      reads: reads.length,
      writes: requests.length - reads.length,
      fileWrites: fileWrites - before.fileWrites,
      refused: refused - before.refused,
      busiestMinute: requests.length,
      audited: listed.length,
    };
  }

  return {
    async converge() {
      await daemon.start();
      for (let minutes = 1, quiet = 0; ; minutes += 1) {
        const { writes, fileWrites: files } = await minute();
        quiet = writes + files === 0 ? quiet + 1 : 0;
        if (quiet < 20) continue;
        const made = daemon.world.sandbox.snapshot().operations.filter(({ kind }) => kind === 'key.mint').length;
        if (made < customers) throw new Error(`only ${made} of ${customers} customers have their key`);
        audited.clear();
        refused = 0;
        return minutes;
      }
    },
    async hour() {
      let tally = NOTHING;
      for (let count = 0; count < 60; count += 1) tally = sum(tally, await minute());
      total = sum(total, tally);
      return tally;
    },
    total: () => ({ ...total, unaudited: customers - audited.size }),
  };
}

function sum(a: Tally, b: Tally): Tally {
  return {
    reads: a.reads + b.reads,
    writes: a.writes + b.writes,
    fileWrites: a.fileWrites + b.fileWrites,
    refused: a.refused + b.refused,
    busiestMinute: Math.max(a.busiestMinute, b.busiestMinute),
    audited: a.audited + b.audited,
  };
}

/** Numbers in [0, 1) that look random and are the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
