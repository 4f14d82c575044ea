import { expect, test } from 'vitest';
import { createStreamJournal } from '../../src/effects/stream-journal.ts';

function journal() {
  const lines: string[] = [];
  const clock = { now: () => Date.parse('2026-11-25T00:00:00Z') };
  return { lines, journal: createStreamJournal((line) => lines.push(line), clock) };
}

test('a journal in a cluster is lines of a log, each whole when the write that it announces is sent', () => {
  const { lines, journal: stream } = journal();
  expect(stream.append({ at: 'then', event: 'intent', step: 'grant' })).toEqual({ ok: true });
  expect(lines).toEqual([
    '{"level":"info","time":"2026-11-25T00:00:00.000Z","msg":"journal","at":"then","event":"intent","step":"grant"}\n',
  ]);
  expect(stream.entries()).toEqual([]);
});

test('an entry that holds what looks like a secret is not written, and so nothing is sent', () => {
  const { lines, journal: stream } = journal();
  expect(stream.append({ body: `lp_live_${'A'.repeat(16)}_${'s'.repeat(43)}` })).toMatchObject({ ok: false });
  expect(lines).toEqual([]);
});
