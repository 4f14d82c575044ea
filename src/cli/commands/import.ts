import { join, resolve } from 'node:path';
import { ensureDirectory, failedTo, replaceFile } from '../../effects/durable-file.ts';
import { fileNameOf } from '../../effects/file-names.ts';
import { nodeFileSystem } from '../../effects/node-filesystem.ts';
import type { Draft } from '../../engine/inspect/draft-customer.ts';
import { type ImportSurvey, surveyForImport } from '../../engine/inspect/import-organizations.ts';
import type { ImportOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { withLock } from '../locked.ts';
import { outputPage } from '../pages.ts';
import { cannotRun, openForReading, refusalExitCode, refusalText } from '../reading.ts';
import { refusalCode } from '../refusal.ts';
import { renderImport, type Written } from '../render/import.ts';
import { importDocument } from '../render/import-document.ts';
import { renderDocument } from '../render/json.ts';
import { disk, runDirectoryOf } from '../stores.ts';

const CONCURRENCY = 8;

/**
 * Writes files for organizations that exist. Nothing but GET is sent, and no file is ever overwritten: whatever is wrong
 * with a file shows in the plan of its first pass. 0 when all that was wanted is written, 5 when some of it is not.
 */
export async function importOrganizations(options: ImportOptions, context: CommandContext): Promise<number> {
  const directory = resolve(options.directory);
  const writes = options.wanted !== 'none' && !options.dryRun;
  if (!writes) return run(options, directory, context);
  const locked = await withLock(directory, 'reconcile import', () => run(options, directory, context));
  if (locked.ok) return locked.value;
  const refusal = cannotRun(refusalCode(locked.exitCode), locked.message);
  print({ ok: false, refusal }, [], options, context);
  return locked.exitCode;
}

async function run(options: ImportOptions, directory: string, context: CommandContext): Promise<number> {
  const target = targetOf(options, directory);
  const survey = await readSurvey(options, target, context);
  const written = survey.ok ? draftsIn(survey).map((draft) => write(draft, options, target)) : [];
  print(survey, written, options, context);
  if (!survey.ok) return refusalExitCode(survey.refusal);
  const isComplete =
    survey.drafts.length === written.length && written.every(({ outcome }) => outcome !== 'not-written');
  return isComplete ? exitCodes.ok : exitCodes.failed;
}

interface Target {
  /** Absolute. */
  readonly directory: string;
  readonly fileOf: (externalId: string) => string;
}

/** Ids of the sandbox's parent must not get among the declarations of the real one. */
function targetOf({ sandbox }: ImportOptions, directory: string): Target {
  const below = sandbox ? join(runDirectoryOf('', true), 'customers') : 'customers';
  return { directory: join(directory, below), fileOf: (externalId) => `${below}/${fileNameOf(externalId)}.yaml` };
}

async function readSurvey(options: ImportOptions, { fileOf }: Target, context: CommandContext): Promise<ImportSurvey> {
  const reading = await openForReading(options, 'reconcile import', context);
  if (!reading.ok) return reading;
  try {
    const { wanted, sandbox } = options;
    const common = { bindingRequired: !sandbox, signal: context.stop, concurrency: CONCURRENCY };
    return await surveyForImport(reading.effects, { ...common, wanted, fileOf });
  } finally {
    await reading.close();
  }
}

function draftsIn({ drafts }: ImportSurvey & { readonly ok: true }): Draft[] {
  return drafts.filter((one) => 'text' in one);
}

function write(draft: Draft, { dryRun }: ImportOptions, { directory, fileOf }: Target): Written {
  const { externalId } = draft.candidate;
  const file = fileOf(externalId);
  if (dryRun) return { draft, file, outcome: 'drafted', message: null };
  const path = join(directory, `${fileNameOf(externalId)}.yaml`);
  const written = writeNew(directory, path, draft.text);
  if (written.ok) return { draft, file, outcome: 'written', message: null };
  const message =
    written.code === 'EXISTS'
      ? 'There is a file of that name, which is not overwritten: move it, then import again.'
      : `${written.message}.`;
  return { draft, file, outcome: 'not-written', message };
}

function writeNew(directory: string, path: string, text: string): ReturnType<typeof replaceFile> {
  try {
    ensureDirectory(nodeFileSystem, directory, 0o755);
  } catch (error) {
    return failedTo(`make ${directory}`, error);
  }
  return replaceFile(disk, path, new TextEncoder().encode(text), { mode: 0o644, onlyNew: true });
}

function print(
  survey: ImportSurvey,
  written: readonly Written[],
  options: ImportOptions,
  context: CommandContext,
): void {
  if (options.output === 'json') context.stdout(renderDocument(importDocument(survey, written, options.dryRun)));
  else if (!survey.ok) context.stderr(refusalText(survey.refusal, context));
  else context.stdout(renderImport(survey, written, outputPage(context, options.color)));
}
