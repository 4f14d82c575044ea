import type { Problem } from '../../src/core/problem.ts';
import type { PassReport } from '../../src/core/report.ts';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { sandboxTransport } from '../support/sandbox-transport.ts';
import { type Oracle, Violation } from './oracle.ts';
import { type Place, passAt } from './place.ts';

export interface Settling {
  readonly sandbox: Sandbox;
  readonly place: Place;
  readonly oracle: Oracle;
  /** Passes until the last one that may still do anything. */
  readonly passesMax: number;
  /** Problems with which a customer may stay as it is, because a person has to settle them. */
  readonly needsPerson: ReadonlySet<string>;
  /** Told every problem that still holds something back at the end. */
  readonly onHeld?: (code: string) => void;
}

/**
 * Fault-free passes until one changes nothing (V1–V3): the last finds every customer settled, or in the same state as
 * before with a problem that says what a person has to do. Returns how many passes wrote anything.
 */
export async function settle(settling: Settling): Promise<number> {
  const { sandbox, place, oracle, passesMax, needsPerson } = settling;
  let writes = 0;
  const inner = sandboxTransport(sandbox, ({ method }) => {
    if (method !== 'GET') writes += 1;
  });
  const transport: typeof inner = {
    send: async (request) => {
      if (request.method !== 'GET') sandbox.clock.advance(1);
      const answer = await inner.send(request);
      if (request.method !== 'GET') oracle.afterStep();
      return answer;
    },
  };
  for (let pass = 0; ; pass += 1) {
    writes = 0;
    // Between two passes of a daemon lie minutes.
    sandbox.clock.advance(60_000);
    const changesBefore = place.changes;
    const effectsBefore = sandbox.snapshot().operations.length;
    const report = await passAt({ place, sandbox, transport, process: { sleptMs: 0, isAlone: true }, full: true });
    await oracle.afterPass(place);
    const held = problemsThatHold(report);
    // What is in doubt is asked and journalled again, under the same key: that has no effect, or it would be settled.
    const effects = sandbox.snapshot().operations.length - effectsBefore;
    const isStill = writes === 0 && place.changes === changesBefore;
    const isQuiet = isStill || (effects === 0 && held.some(({ isDoubt }) => isDoubt));
    const unsettled = held.filter(({ code }) => !needsPerson.has(code));
    if (isQuiet && unsettled.length === 0) {
      for (const { code } of held) settling.onHeld?.(code);
      return pass;
    }
    if (pass < passesMax) continue;
    const why =
      unsettled.map(({ code, message }) => `${code} (${message})`).join(', ') || `it still wrote ${writes} times`;
    throw new Violation(`V1: after ${pass} fault-free passes at ${place.name} the fleet has not settled: ${why}`);
  }
}

type Holding = Pick<Problem, 'code' | 'message'> & { readonly isDoubt: boolean };

function problemsThatHold({ customers, fleet, refused }: PassReport): readonly Holding[] {
  const problems = [...customers.flatMap((customer) => customer.problems), ...fleet.problems];
  return [
    ...(refused ? [{ ...refused, isDoubt: false }] : []),
    ...problems
      .filter(({ severity }) => severity !== 'warning')
      .map((problem) => ({ ...problem, isDoubt: problem.severity === 'doubt' })),
  ];
}
