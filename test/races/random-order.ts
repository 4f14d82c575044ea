import { type Choice, OrderFailed, type Run } from './explore.ts';
import { prepareRace, type RaceScenario } from './race-scenarios.ts';

/** A generator of numbers in [0, 1) that the same seed starts again (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Chance of a fault at a step while the run still has faults left. */
const faultRate = 0.08;
/** A writer that was chosen goes on with this chance, so that long stretches of one writer occur as well. */
const stickiness = 0.5;

/** One run in an order that the seed decides. */
export async function walk(run: Run, seed: number): Promise<number> {
  const random = randomFrom(seed);
  const order: string[] = [];
  let last: string | null = null;
  try {
    for (;;) {
      const choices = run.choices();
      const actors = [...new Set(choices.map(({ actor }) => actor))];
      if (actors.length === 0) break;
      const goesOn: boolean = last !== null && actors.includes(last) && random() < stickiness;
      const actor = goesOn && last !== null ? last : actors[Math.floor(random() * actors.length)];
      const choice = pick(
        choices.filter((one) => one.actor === actor),
        random,
      );
      order.push(`${choice.actor}: ${choice.label}`);
      last = choice.actor;
      await run.take(choice);
    }
    await run.finish();
    return order.length;
  } catch (error) {
    throw new OrderFailed([`seed ${seed}`, ...order], error);
  }
}

function pick(choices: readonly Choice[], random: () => number): Choice {
  const [plain, ...faults] = choices;
  if (!plain) throw new Error('an actor without a choice was picked');
  const fault = random() < faultRate ? faults[Math.floor(random() * faults.length)] : undefined;
  return fault ?? plain;
}

const content = ['content:read', 'content:write'];
const everything = { credits: 5000, scopes: content };

/** Three writers with a few faults: whole onboardings, and the steps that race hardest. */
const randomScenarios: readonly RaceScenario[] = [
  { title: 'three onboard the same', before: null, specs: [everything, everything, everything], disks: 'own' },
  { title: 'three onboard on one disk', before: null, specs: [everything, everything, everything], disks: 'shared' },
  {
    title: 'three raise to different amounts',
    before: { credits: 1000 },
    specs: [{ credits: 3000 }, { credits: 5000 }, { credits: 8000 }],
    disks: 'own',
  },
  {
    title: 'three raise, one has an older file',
    before: { credits: 1000, scopes: content },
    specs: [{ ...everything, credits: 9000 }, everything, { credits: 1000, scopes: content }],
    disks: 'own',
  },
  { title: 'three mint the same', before: {}, specs: [everything, everything, everything], disks: 'own' },
];

/** Runs seeds `from` up to `from + count` of all scenarios in turn; returns how many steps that were. */
export async function walkAll(from: number, count: number, onRun?: (done: number) => void): Promise<number> {
  const races = await Promise.all(randomScenarios.map((scenario) => prepareRace(scenario)));
  let steps = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const race = races[seed % races.length];
    if (race) steps += await walk(await race.start(2), seed);
    onRun?.(seed - from + 1);
  }
  return steps;
}
