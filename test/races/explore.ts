/**
 * Every order of the steps of a few actors, one run per order, each run from the start (stateless model checking).
 * Two steps of different actors commute unless one of them has an effect that the other could notice; orders that
 * differ only in commuting steps lead to the same state, and sleep sets (Godefroid, "Partial-Order Methods for the
 * Verification of Concurrent Systems", 1996) make exactly one of them run to its end. That is sound: a step is put to
 * sleep only behind an equal one that was already explored, and wakes as soon as a step runs that does not commute.
 */

/** One thing that may happen next. */
export interface Choice {
  /** Steps of one actor never commute. */
  readonly actor: string;
  /** Names the choice among all that the actor has here. */
  readonly label: string;
}

/** How the step that was taken mixes with those of other actors. */
export type Footprint =
  /** Only looks: commutes with every other look. */
  | 'look'
  /** Looks, and uses up the one fault of the run. */
  | 'faulted-look'
  /** May have changed what others see. */
  | 'effect';

/** A run in progress. `choices` is empty when it is over. */
export interface Run {
  choices(): readonly Choice[];
  take(choice: Choice): Promise<Footprint>;
  /** After the last step; throws when anything is wrong. */
  finish(): Promise<void>;
}

export interface Explored {
  /** Runs that went to their end: one for each class of orders. */
  readonly runs: number;
  /** Runs that were cut because everything left was explored elsewhere. */
  readonly cut: number;
  readonly steps: number;
  /** False when the limit of runs was reached first. */
  readonly complete: boolean;
}

interface Taken extends Choice {
  readonly footprint: Footprint;
}

interface Node {
  readonly asleep: readonly Taken[];
  readonly explored: Taken[];
  readonly open: Choice[];
  current: Choice;
  /** How `current` turned out. */
  taken: Taken | null;
}

export class OrderFailed extends Error {
  override readonly name = 'OrderFailed';
  readonly order: readonly string[];
  constructor(order: readonly string[], cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${why}\n  in this order:\n    ${order.join('\n    ')}`, { cause });
    this.order = order;
  }
}

export async function explore(start: () => Promise<Run>, runsMax = Infinity): Promise<Explored> {
  const path: Node[] = [];
  const count = { runs: 0, cut: 0, steps: 0 };
  do {
    const ended = await runOnce(await start(), path, count);
    if (ended) count.runs += 1;
    else count.cut += 1;
    if (count.runs >= runsMax) return { ...count, complete: false };
  } while (advance(path));
  return { ...count, complete: true };
}

/** Replays the path, then goes on with the first choice that is awake. False when all that is left is asleep. */
async function runOnce(run: Run, path: Node[], count: { steps: number }): Promise<boolean> {
  const order: string[] = [];
  let asleep: readonly Taken[] = [];
  try {
    for (let depth = 0; ; depth += 1) {
      let node = path[depth];
      if (!node) {
        const awake = run.choices().filter((choice) => !asleep.some((other) => same(other, choice)));
        const [current, ...open] = awake;
        if (!current) {
          if (run.choices().length > 0) return false;
          break;
        }
        node = { asleep, explored: [], open, current, taken: null };
        path.push(node);
      }
      order.push(`${node.current.actor}: ${node.current.label}`);
      const footprint = await run.take(node.current);
      count.steps += 1;
      const taken = { ...node.current, footprint };
      asleep = [...node.asleep, ...node.explored].filter((other) => commute(other, taken));
      node.taken = taken;
    }
    await run.finish();
    return true;
  } catch (error) {
    throw new OrderFailed(order, error);
  }
}

/** Turns to the next order: the deepest node with something left. */
function advance(path: Node[]): boolean {
  for (let node = path.at(-1); node; path.pop(), node = path.at(-1)) {
    const next = node.open.shift();
    if (!next) continue;
    if (node.taken) node.explored.push(node.taken);
    node.current = next;
    return true;
  }
  return false;
}

function same(a: Choice, b: Choice): boolean {
  return a.actor === b.actor && a.label === b.label;
}

function commute(a: Taken, b: Taken): boolean {
  if (a.actor === b.actor || a.footprint === 'effect' || b.footprint === 'effect') return false;
  return a.footprint === 'look' || b.footprint === 'look';
}
