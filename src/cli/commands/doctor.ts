import { resolve } from 'node:path';
import { type Check, failedCheck, passed, skipped } from '../../core/check.ts';
import { emptyWorkspace } from '../../core/declaration/read.ts';
import { examineApi } from '../../engine/inspect/examine-api.ts';
import { type ClusterAccess, withCluster } from '../cluster.ts';
import type { DoctorOptions } from '../commands.ts';
import { sourceOf } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import {
  examineEnvironment,
  examineFiles,
  examineGit,
  examineJournal,
  examineKeyFile,
  examineLock,
  examineStateDirectory,
  examineStatusStore,
} from '../examine-machine.ts';
import { exitCodes } from '../exit-code.ts';
import { outputPage } from '../pages.ts';
import { openForReading } from '../reading.ts';
import { renderChecks } from '../render/checks.ts';
import { renderDocument } from '../render/json.ts';
import { FORMAT_VERSION } from '../render/output-schema.ts';
import { secretProgramProblems, statusStoreOf } from '../stores.ts';

/** Looks at everything a pass rests on. Writes nothing but a probe into the secret store; 1 when a check failed. */
export async function doctor(options: DoctorOptions, context: CommandContext): Promise<number> {
  return withCluster(options.from, context.environment, (cluster) => examine(options, context, cluster));
}

async function examine(options: DoctorOptions, context: CommandContext, cluster: ClusterAccess): Promise<number> {
  const directory = resolve(options.directory);
  const { sandbox } = options;
  const source = sourceOf(directory, cluster);
  const loaded = await source.loadWorkspace();
  const workspace = loaded.ok ? loaded.workspace : emptyWorkspace();
  const fleet = loaded.ok ? await source.loadFleet(loaded.workspace) : loaded;
  const known = fleet.ok ? fleet.fleet : null;
  const place = { directory, environment: context.environment };
  const programs = sandbox || !loaded.ok ? [] : secretProgramProblems(loaded.workspace, place, 'machine');
  const checks = [
    examineFiles(known, fleet.ok ? programs : fleet.problems),
    examineKeyFile(context),
    ...(await examineConnection(options, context, (effects) =>
      examineApi(effects, options.sandbox ? null : workspace, known),
    )),
    examineStateDirectory(directory),
    examineJournal(directory, options.sandbox),
    await examineLock(directory),
    await examineGit(directory, workspace.declaration),
    await examineStatusStore(
      statusStoreOf({ directory, sandbox, environment: context.environment, cluster }, workspace.declaration),
      workspace.declaration,
      sandbox || cluster.isSource,
    ),
    examineEnvironment(context),
  ];
  context.stdout(
    options.output === 'json'
      ? renderDocument({ formatVersion: FORMAT_VERSION, command: 'doctor', checks })
      : renderChecks(checks, outputPage(context, options.color)),
  );
  return checks.some(({ result }) => result === 'failed') ? CHECK_FAILED : exitCodes.ok;
}

const CHECK_FAILED = 1;

const NO_CREDENTIALS = { ok: true, baseUrl: 'the built-in sandbox' } as const;

async function examineConnection(
  { directory, sandbox, from }: DoctorOptions,
  context: CommandContext,
  examine: (effects: Parameters<typeof examineApi>[0]) => Promise<Check[]>,
): Promise<Check[]> {
  const credentials = sandbox ? NO_CREDENTIALS : context.credentials();
  if (!credentials.ok)
    return [
      failedCheck('credentials', credentials.message, null),
      skipped('api', 'Nothing was asked of the API, nor of the secret store, without a key.'),
    ];
  const reading = await openForReading({ directory, sandbox, from }, 'reconcile doctor', context);
  if (!reading.ok) return [failedCheck('credentials', reading.refusal.message, reading.refusal.next)];
  try {
    const found = passed('credentials', `There is an API key, and the API is ${credentials.baseUrl}.`);
    return [found, ...(await examine(reading.effects))];
  } finally {
    await reading.close();
  }
}
