import { resolve } from 'node:path';
import type { PassReport, StepReport } from '../../core/report.ts';
import { isInWorkTree } from '../../effects/secrets/git-tracked.ts';
import { runPass } from '../../engine/pass.ts';
import type { ProgressEvent } from '../../engine/progress.ts';
import { rememberApprovable } from '../approvals.ts';
import { withCluster } from '../cluster.ts';
import { commandNames, type PassOptions } from '../commands.ts';
import { sourceOf } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import { exitCodeOf, exitCodes } from '../exit-code.ts';
import { leadershipFor } from '../leadership.ts';
import { createProgress, logOnlyTrouble } from '../progress.ts';
import { beginPrinting, printReport, refusalCode, refusePass } from '../refusal.ts';
import { renderText } from '../render/text.ts';
import { openSession, type Session, workspaceOf } from '../session.ts';
import { fromFiles } from '../source-options.ts';
import { explainUnknownCustomers } from '../unknown-customers.ts';
import { offlinePlan } from './offline.ts';
import { watch } from './watch.ts';

/** For programs, whose stdout tells or will tell everything: stderr stays silent but for trouble. */
const documents: ReadonlySet<PassOptions['output']> = new Set(['json', 'ndjson']);

/** `reconcile [customer…]`: one pass, or with `--watch` the same loop as a daemon. */
export async function pass(options: PassOptions, context: CommandContext): Promise<number> {
  const { directory, sandbox, dryRun, watch: isWatching, from = fromFiles } = options;
  const printing = beginPrinting(options, context);
  const unknown = await unknownCustomers(options, context);
  if (unknown !== null) {
    return refusePass({ code: 'UnknownCustomer', message: unknown, exitCode: exitCodes.cannotRun }, printing, context);
  }
  if (options.offline) {
    const report = await offlinePlan(options, context);
    const exitCode = exitCodeOf(report, { signal: null, detailedExitcode: options.detailedExitcode });
    printReport(report, exitCode, printing, context);
    return exitCode;
  }
  const progress = createProgress(context, !isWatching && !documents.has(options.output));
  const onEvent = (event: ProgressEvent) => {
    // The daemon tells a step with what came of it.
    if (!isWatching || event.kind !== 'step-ended') progress.onEvent(event);
    printing.events?.onProgress(event);
  };
  const command = isWatching ? 'reconcile --watch' : 'reconcile';
  if (!isWatching) logOnlyTrouble(context);
  const leading = isWatching ? leadershipFor(options, context) : null;
  if (leading?.ok === false)
    return refusePass(
      { code: 'NoCluster', message: leading.message, exitCode: exitCodes.cannotRun },
      printing,
      context,
    );
  const opened = await openSession({ directory, sandbox, from, dryRun, watch: isWatching, command }, context, onEvent);
  if (!opened.ok) return refusePass({ ...opened, code: refusalCode(opened.exitCode) }, printing, context);
  const { session } = opened;
  let isAbandoned = false;
  try {
    await warnOfInlineStatus(session, options, context);
    if (leading) {
      const { exitCode, abandoned } = await watch(session, leading.leadership, options, context);
      isAbandoned = abandoned.length > 0;
      if (isAbandoned) context.abandon();
      return exitCode;
    }
    progress.follow(session.composed.pacer);
    const onPlan = (plan: PassReport) => {
      progress.onPlan(plan);
      printing.events?.onPlan(plan);
    };
    let isDeclined = false;
    const onAnswer = (yes: boolean) => {
      isDeclined = !yes;
    };
    const report = await once(session, options, context, context.stop, {
      onPlan,
      beforeAsking: progress.pause,
      onAnswer,
    });
    progress.end();
    rememberApprovable(report, options);
    const signal = report.interrupted ? context.stoppedBy() : null;
    const exitCode = exitCodeOf(report, { signal, detailedExitcode: options.detailedExitcode });
    // Who was asked has the plan before their eyes already.
    if (isDeclined && options.output === 'text') context.stderr('Nothing was carried out.\n');
    else printReport(report, exitCode, printing, context);
    return exitCode;
  } finally {
    progress.end();
    await leading?.close();
    // Closing waits for what is on the wire.
    if (!isAbandoned) await session.close();
  }
}

/**
 * In a work tree of git, status in the customers' own files is a change that somebody has to commit. A runner or a daemon
 * cannot know whether anybody does, so until `status.store` is chosen it says once what there is to choose from (design 5).
 */
async function warnOfInlineStatus(
  session: Session,
  { watch, sandbox, dryRun, from }: PassOptions,
  { environment, log }: CommandContext,
): Promise<void> {
  const isUnattended = watch || !['', 'false', '0'].includes(environment['CI'] ?? '');
  if (from?.source === 'kubernetes' || sandbox || dryRun || !isUnattended || !(await isInWorkTree(session.directory)))
    return;
  if ((await workspaceOf(session)).status.store !== undefined) return;
  log.warn(
    {
      choices: [
        'status: { store: inline }',
        'status: { store: git }',
        'status: { store: directory, directory: status }',
      ],
    },
    "status is written into the customers' files of this git work tree, where it is lost unless it is committed; add one of these lines to reconcile.yaml",
  );
}

/** Looked at before anything is opened: a mistyped command needs no API key to be told so. */
async function unknownCustomers(
  { directory, customers, from }: PassOptions,
  { environment }: CommandContext,
): Promise<string | null> {
  if (customers.length === 0) return null;
  const fleet = await withCluster(from, environment, async (cluster) => {
    const source = sourceOf(resolve(directory), cluster);
    const workspace = await source.loadWorkspace();
    return workspace.ok ? source.loadFleet(workspace.workspace) : workspace;
  });
  // Files that cannot be read at all are for the pass to say.
  if (!fleet.ok) return null;
  const existing = [
    ...fleet.fleet.customers.map(({ declaration }) => declaration.externalId),
    ...fleet.fleet.broken.flatMap(({ externalId }) => externalId ?? []),
  ];
  return explainUnknownCustomers(customers, existing, commandNames);
}

async function once(
  session: Session,
  options: PassOptions,
  context: CommandContext,
  signal: AbortSignal,
  told: {
    readonly onPlan?: (plan: PassReport) => void;
    readonly beforeAsking?: () => void;
    readonly onAnswer?: (yes: boolean) => void;
  },
): Promise<PassReport> {
  const effects = session.composed.effectsFor(await workspaceOf(session));
  return runPass(effects, {
    customers: options.customers,
    full: options.full,
    concurrency: options.concurrency,
    approved: options.approve,
    bindingRequired: !options.sandbox,
    signal,
    confirm: async (plan) => {
      told.onPlan?.(plan);
      // Without a terminal the review of the change and the guards are the approval (design 8).
      if (options.yes || options.watch || !context.isTerminal || !needsConsent(plan)) return true;
      told.beforeAsking?.();
      context.stderr(renderText(plan, { color: context.useColor(options.color), width: context.columns() }));
      const yes = await context.ask('Carry this out? Money that moved does not come back by itself.');
      told.onAnswer?.(yes);
      return yes;
    },
  });
}

/** Money, an archive or a revocation: what nobody can take back (design 8). */
function needsConsent(plan: PassReport): boolean {
  const steps = [...plan.fleet.steps, ...plan.customers.flatMap(({ steps }) => steps)];
  return steps.some((step) => step.outcome === 'planned' && isFinal(step));
}

function isFinal({ credits, action }: StepReport): boolean {
  return credits > 0 || action === 'archive' || action === 'revoke' || action === 'remove';
}
