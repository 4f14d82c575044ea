import { describe, expect, it } from 'vitest';
import { explore } from './explore.ts';
import { prepareRace, raceScenarios } from './race-scenarios.ts';
import { walk, walkAll } from './random-order.ts';

/** Orders tried here; `npm run faults:races` goes through all of them, and through all with one fault. */
const ordersMax = 16;
const faultedWalks = 2;

describe('two writers in every order of their requests', () => {
  it.each(raceScenarios)('never pay, create or mint twice: $title', async (scenario) => {
    const race = await prepareRace(scenario);
    const { runs } = await explore(() => race.start(0), ordersMax);
    expect(runs).toBeGreaterThan(5);
    for (let seed = 0; seed < faultedWalks; seed += 1) await walk(await race.start(1), seed);
  });
});

describe('two daemons in every order of their requests', () => {
  it.each(raceScenarios)('never pay, create or mint twice: $title', async (scenario) => {
    const race = await prepareRace(scenario, { visits: true });
    const { runs } = await explore(() => race.start(0), ordersMax);
    expect(runs).toBeGreaterThan(5);
    for (let seed = 0; seed < faultedWalks; seed += 1) await walk(await race.start(1), seed);
  });
});

describe('three writers in random orders with two faults', () => {
  it('never pay, create or mint twice', async () => {
    expect(await walkAll(1, 15)).toBeGreaterThan(15);
  });
});

describe('the exploration itself', () => {
  const twoActors = (footprint: 'look' | 'effect') => {
    const ends = new Set<string>();
    const start = async () => {
      const taken: string[] = [];
      const left = new Map([
        ['A', ['1', '2']],
        ['B', ['1', '2']],
      ]);
      return {
        choices: () => [...left].flatMap(([actor, [label]]) => (label ? [{ actor, label }] : [])),
        take: async ({ actor, label }: { actor: string; label: string }) => {
          taken.push(`${actor}${label}`);
          left.get(actor)?.shift();
          return footprint;
        },
        finish: async () => {
          ends.add(taken.join(' '));
        },
      };
    };
    return { start, ends };
  };

  it('takes every order of steps that do not commute', async () => {
    const { start, ends } = twoActors('effect');
    expect(await explore(start)).toMatchObject({ runs: 6, cut: 0, complete: true });
    expect(ends.size).toBe(6);
  });

  it('takes one order of steps that all commute', async () => {
    const { start } = twoActors('look');
    expect(await explore(start)).toMatchObject({ runs: 1, complete: true });
  });
});
