import { runUnit, type Unit } from '../test/faults/run-unit.ts';

/** One of the processes of `npm run faults`: gets a unit, plays it, says what came of it, and waits for the next. */
const PROGRESS_EVERY = 250;

process.on('message', (unit: Unit) => {
  let since = 0;
  const onCase = () => {
    since += 1;
    if (since < PROGRESS_EVERY) return;
    process.send?.({ kind: 'progress', cases: since });
    since = 0;
  };
  runUnit(unit, onCase).then(
    (result) => process.send?.({ kind: 'done', ...result, rest: since }),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ kind: 'broken', text });
    },
  );
});
process.on('disconnect', () => process.exit());
