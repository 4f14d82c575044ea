import { findOrphans, type OrphanSearch } from '../../engine/inspect/find-orphans.ts';
import type { OrphansOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { outputPage } from '../pages.ts';
import { openForReading, refusalExitCode, refusalText } from '../reading.ts';
import { problemDocument, refusalDocument, renderDocument } from '../render/json.ts';
import { renderOrphans } from '../render/orphans.ts';
import { FORMAT_VERSION, type OrphansDocument } from '../render/output-schema.ts';

const CONCURRENCY = 8;

/** Lists what has no file, and files that have nothing. Reads only; they are warnings, so 0, or 2 with --detailed-exitcode. */
export async function orphans(options: OrphansOptions, context: CommandContext): Promise<number> {
  const search = await find(options, context);
  if (options.output === 'json') context.stdout(renderDocument(orphansDocument(search)));
  else if (!search.ok) context.stderr(refusalText(search.refusal, context));
  else context.stdout(renderOrphans(search, outputPage(context, options.color)));
  if (!search.ok) return refusalExitCode(search.refusal);
  const { organizations, files, webhooks, unreadable } = search;
  const isClean = [organizations, files, webhooks, unreadable].every((list) => list.length === 0);
  return isClean || !options.detailedExitcode ? exitCodes.ok : exitCodes.changes;
}

async function find(options: OrphansOptions, context: CommandContext): Promise<OrphanSearch> {
  const reading = await openForReading(options, 'reconcile orphans', context);
  if (!reading.ok) return reading;
  try {
    const bindingRequired = !options.sandbox;
    return await findOrphans(reading.effects, { concurrency: CONCURRENCY, bindingRequired, signal: context.stop });
  } finally {
    await reading.close();
  }
}

function orphansDocument(search: OrphanSearch): OrphansDocument {
  const head = { formatVersion: FORMAT_VERSION, command: 'orphans' } as const;
  if (!search.ok)
    return {
      ...head,
      refused: refusalDocument(search.refusal),
      organizations: [],
      files: [],
      webhooks: [],
      unreadable: [],
    };
  return {
    ...head,
    refused: null,
    organizations: [...search.organizations],
    files: search.files.map(({ externalId, problem }) => ({ externalId, problem: problemDocument(problem) })),
    webhooks: search.webhooks.map(problemDocument),
    unreadable: search.unreadable.map(({ file }) => file),
  };
}
