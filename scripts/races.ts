/**
 * The slot protocol in every state, two writers in every order, with and without one fault, then three at random:
 * `npm run faults:races -- [--orders <most per race>] [--walks 50000] [--seed 1] [--only <part of a title>]`.
 */
import { parseArgs } from 'node:util';
import { explore } from '../test/races/explore.ts';
import { prepareRace, raceScenarios } from '../test/races/race-scenarios.ts';
import { walkAll } from '../test/races/random-order.ts';
import { exploreProtocol } from '../test/races/slot-protocol.ts';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: 'Infinity' },
    walks: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const ordersMax = Number(values.orders);
const walks = Number(values.walks);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const row = (...cells: readonly (string | number)[]): void =>
  print(cells.map((cell, index) => (index === 0 ? String(cell).padEnd(44) : String(cell).padStart(10))).join(' '));

const bounds = { window: 4, stale: 1, life: 2, sends: 3, key: 'slot', readsBack: true } as const;
for (const { specs, ticks } of [
  { specs: [2], ticks: 7 },
  { specs: [1, 2], ticks: 6 },
  { specs: [2, 1], ticks: 6 },
]) {
  const { states, overGrant } = exploreProtocol({ ...bounds, specs, ticks });
  print(
    `slot protocol, declared ${specs.join(' then ')}: ${states} states, ${overGrant ? overGrant.join(' | ') : 'safe'}`,
  );
  if (overGrant) process.exitCode = 1;
}
row('two writers', 'faults', 'orders', 'cut', 'steps', 'complete', 'seconds');
for (const scenario of raceScenarios.filter(({ title }) => title.includes(values.only))) {
  const race = await prepareRace(scenario);
  for (const faults of [0, 1]) {
    const startedAt = Date.now();
    const { runs, cut, steps, complete } = await explore(() => race.start(faults), ordersMax);
    row(scenario.title, faults, runs, cut, steps, complete ? 'yes' : 'no', Math.round((Date.now() - startedAt) / 1000));
  }
}
if (walks > 0 && values.only === '') {
  const startedAt = Date.now();
  const steps = await walkAll(Number(values.seed), walks, (done) => {
    if (done % 1000 === 0) print(`${done} of ${walks} random orders hold`);
  });
  row('three writers, random', 2, walks, 0, steps, 'yes', Math.round((Date.now() - startedAt) / 1000));
}
