import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  corpusTopics,
  hostileRecordingPath,
  judge,
  recordingPath,
  recordTopic,
  recordVerdict,
} from '../../support/corpus.ts';
import { hostileFiles } from '../../support/hostile-files.ts';
import { judgeHostileWorkspace } from '../../support/hostile-workspace.ts';

/** test/corpus/README.md tells what this is; `npm run corpus` records it anew, for review. */
const topics = corpusTopics();
const isGood = ({ path }: { readonly path: string }) => path.endsWith('/good');

describe.each(topics)('the corpus of $path', (topic) => {
  const recorded = readFileSync(recordingPath(topic), 'utf8');

  test.each(topic.cases)('$name', async (one) => {
    const verdict = await judge(topic, one);
    expect(recorded).toContain(recordVerdict(one.name, verdict));
    expect(verdict.problems.length > 0).toBe(!isGood(topic));
    for (const { message, frame, hint } of verdict.problems) {
      expect(message).toMatch(/\.$/);
      expect(hint ?? '.').not.toBe('');
      expect((frame ?? '').replaceAll('\n', '') + message + (hint ?? '')).not.toMatch(/\p{Cc}|undefined|\[object/u);
    }
  });

  test('its recording says nothing else', async () => {
    expect(recorded).toBe(await recordTopic(topic));
  });
});

test('the corpus is large', () => {
  const bad = topics.filter((topic) => !isGood(topic)).reduce((sum, { cases }) => sum + cases.length, 0);
  expect(bad + hostileFiles.filter(({ verdict }) => verdict === 'refused').length).toBeGreaterThanOrEqual(600);
  expect(topics.filter(isGood).reduce((sum, { cases }) => sum + cases.length, 0)).toBeGreaterThanOrEqual(80);
});

test('files that end or block careless readers get their verdicts from one process with little memory', () => {
  const { recording, valid } = judgeHostileWorkspace();
  expect(recording).toBe(readFileSync(hostileRecordingPath, 'utf8'));
  expect(recording).not.toMatch(/^=== .*: refused$/m);
  expect(valid).toBe(hostileFiles.filter(({ verdict }) => verdict === 'accepted').length);
}, 150_000);
