import { z } from 'zod';
import { type LiveSecret, liveSecrets, storedSecrets } from './judge.ts';
import type { Stage } from './stage.ts';
import type { Writer } from './writer.ts';

/** V1: at most so many passes after the last kill, since a write may be in doubt. */
const PASSES_TO_CONVERGE_MOST = 3;

const passDocument = z.object({
  planHash: z.string().nullable(),
  requests: z.object({ write: z.number() }),
  customers: z.array(
    z.object({
      externalId: z.string().nullable(),
      phase: z.string(),
      problems: z.array(z.object({ code: z.string() })),
    }),
  ),
});

/** Faults end, the writers agree on what is declared: each must come to rest soon, and stay there. */
export async function converge(stage: Stage): Promise<number[]> {
  const { sandbox, writers, judge, report, state } = stage;
  await sandbox.control('DELETE', 'faults');
  const [first] = writers;
  for (const writer of writers) {
    writer.proxy.begin({ kind: 'calm' }, () => {});
    for (const [file, text] of first?.texts ?? []) writer.edit(file, text, true);
  }
  const passes: number[] = [];
  for (const writer of writers) passes.push(await passesUntilNothingIsPlanned(writer, stage));
  judge(writers, null);
  for (const writer of writers) {
    const stored = storedSecrets(writer);
    for (const live of liveSecrets(state()))
      if (isDeclared(live, writer) && !stored.has(live.secret))
        report('I3', `after convergence a store lacks the secret of ${live.what}`);
    await expectQuiet(writer, stage);
  }
  return passes;
}

/** A key that left the files, or that only another writer ever heard of, is left alone, its secret too. */
function isDeclared({ key }: LiveSecret, { texts }: Writer): boolean {
  return key === null || (texts.get(`customers/${key.externalId}.yaml`) ?? '').includes(`- name: ${key.name}\n`);
}

/** A key that is changed again within its overlap waits for the end of that, a day in the time of the real processes. */
function isReadyOrWaits({ phase, problems }: z.output<typeof passDocument>['customers'][number]): boolean {
  return phase === 'Ready' || (phase === 'Held' && problems.some(({ code }) => code === 'KeyOverlap'));
}

async function passesUntilNothingIsPlanned(writer: Writer, { report }: Stage): Promise<number> {
  for (let passes = 0; ; passes += 1) {
    const { stdout, stderr } = await writer.start('--full', '--output', 'json').ended;
    const document = passDocument.safeParse(parseJson(stdout));
    const isSettled = document.data?.customers.every(isReadyOrWaits) ?? false;
    if (document.data?.planHash === null && isSettled) return passes;
    if (passes < PASSES_TO_CONVERGE_MOST) continue;
    report('V1', `a writer did not converge within ${PASSES_TO_CONVERGE_MOST} passes:\n${stdout}\n${stderr}`);
    return passes;
  }
}

/** V3: a pass that writes nothing to the API and changes no file. */
async function expectQuiet(writer: Writer, { report, state }: Stage): Promise<void> {
  const before = { files: fingerprint(writer), operations: state().operations.length };
  const { stdout } = await writer.start('--output', 'json').ended;
  const document = passDocument.safeParse(parseJson(stdout));
  if (document.data?.requests.write !== 0) report('V3', `a converged writer wrote:\n${stdout}`);
  if (state().operations.length !== before.operations) report('V3', 'a converged writer changed the world');
  if (fingerprint(writer) !== before.files) report('V3', 'a converged writer changed its files');
}

function fingerprint(writer: Writer): string {
  return JSON.stringify([...writer.files()].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
