import { resolve as absolute } from 'node:path';
import type { Json } from '../../core/canonical.ts';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { claimedIdentities } from '../../core/orphans.ts';
import type { Fleet } from '../../core/source.ts';
import { unknownCustomer } from '../../core/unknown-customer.ts';
import { yamlLines } from '../../core/yaml-text.ts';
import type { DiscardingStatusStore, StatusResult } from '../../effects/status/store.ts';
import { type ClusterAccess, withCluster } from '../cluster.ts';
import type { ResolveOptions } from '../commands.ts';
import { sourceOf } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { withLock } from '../locked.ts';
import { outputPage } from '../pages.ts';
import { refuseFiles, refuseInWords } from '../reading.ts';
import type { Page } from '../render/page.ts';
import { statusStoreOf } from '../stores.ts';

/**
 * Discards what was recorded about one customer, after printing it. That is local evidence: no command can say that a
 * payment did or did not happen, so this one calls nothing. 0 when nothing is recorded afterwards.
 */
export async function resolve(options: ResolveOptions, context: CommandContext): Promise<number> {
  const directory = absolute(options.directory);
  const locked = await withCluster(options.from, context.environment, async (cluster) => {
    const work = () => resolveLocked(options, directory, context, cluster);
    // A lock protects files; what is recorded in a cluster is compared and swapped.
    return cluster.isSource && !options.sandbox
      ? { ok: true as const, value: await work() }
      : withLock(directory, 'reconcile resolve', work);
  });
  return locked.ok ? locked.value : refuseInWords(context, locked.message, locked.exitCode);
}

async function resolveLocked(
  options: ResolveOptions,
  directory: string,
  context: CommandContext,
  cluster: ClusterAccess,
): Promise<number> {
  const { customer, sandbox } = options;
  const source = sourceOf(directory, cluster);
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) return refuseFiles(context, workspace.problems);
  const loaded = await source.loadFleet(workspace.workspace);
  if (!loaded.ok) return refuseFiles(context, loaded.problems, loaded.isUnknown ? exitCodes.cannotRun : undefined);
  const target = targetIn(loaded.fleet, customer);
  if (!target) {
    const { message, next } = unknownCustomer(customer, claimedIdentities(loaded.fleet));
    return refuseInWords(context, `${message}\n${next}`);
  }
  if ('problems' in target) return refuseFiles(context, target.problems);

  const place = { directory, sandbox, environment: context.environment, cluster };
  const store = statusStoreOf(place, workspace.workspace.declaration);
  const recorded = await store.read(target);
  if (recorded.ok && recorded.value === null) {
    context.stdout(`Nothing is recorded about ${printable(customer)}.\n`);
    return exitCodes.ok;
  }
  context.stdout(evidenceText(customer, target.file, recorded, outputPage(context, false)));
  return discard(options, store, target, context);
}

type Target = { readonly externalId: string; readonly file: string };

function targetIn({ customers, broken }: Fleet, name: string): Target | Fleet['broken'][number] | null {
  const found = customers.find(({ declaration }) => declaration.externalId === name);
  if (found) return { externalId: name, file: found.file };
  return broken.find(({ externalId }) => externalId === name) ?? null;
}

/** What is about to be thrown away: afterwards this is the only copy. */
function evidenceText(customer: string, file: string, recorded: StatusResult<unknown>, page: Page): string {
  const head = page.wrap(`Recorded about ${customer} (${file}):`, '');
  if (!recorded.ok) return `${[...head, ...page.wrap(`It cannot be read: ${recorded.message}.`, '  ')].join('\n')}\n\n`;
  const { value } = recorded;
  const lines = isMembers(value) ? yamlLines(value, '  ') : [`  ${JSON.stringify(value)}`];
  return `${[...head, ...lines.map(printable)].join('\n')}\n\n`;
}

function isMembers(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function discard(
  { customer, yes }: ResolveOptions,
  store: DiscardingStatusStore,
  target: Target,
  context: CommandContext,
): Promise<number> {
  if (!yes && !context.isTerminal)
    return refuseInWords(context, 'Nobody is here to ask, and nothing was discarded. Say --yes to discard it.');
  if (!yes && !(await context.ask('Discard it? What the API holds is found again by its marks.'))) {
    context.stdout('Nothing was discarded.\n');
    return exitCodes.cannotRun;
  }
  const discarded = await store.discard(target);
  if (!discarded.ok) return refuseInWords(context, `${discarded.message}.`);
  const said =
    `Discarded. The next pass finds the organization, the grants and the keys of ${customer} by their marks. ` +
    'Nothing was said to the API: what was paid or minted stays as it is.';
  context.stdout(`${outputPage(context, false).wrap(said, '').join('\n')}\n`);
  return exitCodes.ok;
}
