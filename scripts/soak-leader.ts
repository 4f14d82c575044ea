/**
 * `npm run soak:leader`: two daemons against one API server, of which one leads; the leader is killed at random moments, or
 * put to sleep for longer than its lease, and the world is judged each time. `--kills 100 --seed N --lease-seconds 3 --kills-per-round 20`;
 * a round is replayed by `--seed <its seed> --kills <its kills>`, which makes the same choices.
 */
import { parseArgs } from 'node:util';
import { startApiServer } from '../test/real/api-server.ts';
import { connectAsAdmin, makeNamespace } from '../test/real/connect.ts';
import { type LeaderRoundResult, runLeaderRound } from '../test/soak/leader-round.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    'lease-seconds': { type: 'string', default: '3' },
    'kills-per-round': { type: 'string', default: '20' },
  },
});
const [kills, leaseSeconds, killsPerRound] = [values.kills, values['lease-seconds'], values['kills-per-round']].map(
  Number,
);
if (!kills || !leaseSeconds || !killsPerRound)
  throw new Error('--kills, --lease-seconds and --kills-per-round are numbers.');
const firstSeed = Number(values.seed);
/** With a disk each the standby has never heard of what the leader did; with a shared one it has. */
const disks = ['shared', 'directory'] as const;

const startMs = Date.now();
console.log(`soak:leader: ${kills} kills, leases of ${leaseSeconds} s, seed ${firstSeed}`);
const server = await startApiServer();
const kubernetes = connectAsAdmin(server);
const results: LeaderRoundResult[] = [];
try {
  const namespace = await makeNamespace(kubernetes.client);
  for (let done = 0; done < kills && results.every(({ violations }) => violations.length === 0); ) {
    // Seeds of rounds stand apart, since a round uses a few after its own; an even one has a shared disk.
    const seed = firstSeed + results.length * 11;
    const status = disks[seed % 2] ?? 'shared';
    const result = await runLeaderRound({
      seed,
      status,
      kills: Math.min(killsPerRound, kills - done),
      leaseSeconds,
      restarts: 0.25,
      kubeconfig: server.kubeconfig,
      client: kubernetes.client,
      namespace,
    });
    results.push(result);
    done += result.kills;
    const verdict = result.violations.length === 0 ? 'holds' : `VIOLATED\n${result.violations.join('\n')}`;
    console.log(
      `seed ${seed} (disk: ${status === 'shared' ? 'shared' : 'one each'}): ${result.kills} kills, ${result.sleeps} sleeps, ` +
        `converged in ${result.passesToConverge.join(' and ')} passes (${done} of ${kills}): ${verdict}`,
    );
  }
} finally {
  await kubernetes.close();
  await server.stop();
}

const all = (pick: (result: LeaderRoundResult) => readonly number[]) => results.flatMap(pick).toSorted((a, b) => a - b);
const figures = (seconds: readonly number[]) =>
  seconds.length === 0
    ? 'none'
    : `${seconds.length}, median ${(seconds[seconds.length >> 1] ?? 0).toFixed(1)} s, longest ${(seconds.at(-1) ?? 0).toFixed(1)} s`;
const phases = new Map<string, number>();
for (const { phases: own } of results)
  for (const [phase, count] of own) phases.set(phase, (phases.get(phase) ?? 0) + count);
console.log('\nWhere the kills hit:');
for (const [phase, count] of [...phases].toSorted(([, a], [, b]) => b - a))
  console.log(`${String(count).padStart(6)}  ${phase}`);
console.log(`\nAnother one led after a death or a sleep: ${figures(all(({ takeovers }) => takeovers))}`);
console.log(`Another one led after SIGTERM, from the signal on: ${figures(all(({ handovers }) => handovers))}`);
const violations = results.flatMap((result) => result.violations);
const killed = results.reduce((total, result) => total + result.kills, 0);
const sleeps = results.reduce((total, result) => total + result.sleeps, 0);
console.log(
  `\n${killed} kills and ${sleeps} sleeps in ${results.length} rounds, ${Math.round((Date.now() - startMs) / 1_000)} s: ${violations.length} violations`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
