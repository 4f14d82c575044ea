/**
 * Writes down what reconcile says today about every file of test/corpus, for review: read the difference, then commit
 * it. Run it with `npm run corpus`; a test fails when a recording is stale.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { corpusTopics, hostileRecordingPath, recordingPath, recordTopic } from '../test/support/corpus.ts';
import { judgeHostileWorkspace } from '../test/support/hostile-workspace.ts';

for (const topic of corpusTopics()) writeFileSync(recordingPath(topic), await recordTopic(topic));
mkdirSync(dirname(hostileRecordingPath), { recursive: true });
writeFileSync(hostileRecordingPath, judgeHostileWorkspace().recording);
