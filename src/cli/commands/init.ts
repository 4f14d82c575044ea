import type { Whoami } from '../../core/api.ts';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { hasRemote } from '../../effects/secrets/git-tracked.ts';
import { findCustomerFiles } from '../../effects/source/find-files.ts';
import type { InitOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { withLock } from '../locked.ts';
import { outputPage } from '../pages.ts';
import { refuseFiles, refuseInWords } from '../reading.ts';
import type { Page } from '../render/page.ts';
import { disk } from '../stores.ts';
import {
  answersOfOptions,
  askForAnswers,
  type InitAnswers,
  type InitSituation,
  problemWithCustomer,
} from './init-answers.ts';
import {
  type Drafted,
  type DraftedFile,
  draftCustomer,
  draftWorkspace,
  makeWorkspaceDirectory,
  readWorkspaceFile,
  type WorkspaceFile,
  writeFiles,
} from './init-files.ts';
import { bindingOf, chooseParent, NO_SETTINGS, nameOf } from './init-parent.ts';
import { askYes } from './init-questions.ts';
import { wrongSecretOption } from './init-secrets.ts';

/**
 * Makes a workspace, or binds one that is there: one GET, and files only after the last answer. Asks on a terminal what
 * the options leave open; anywhere else the options are all there is, and `--yes` stands for the defaults.
 */
export async function init(options: InitOptions, context: CommandContext): Promise<number> {
  const wrong = wrongOption(options);
  if (wrong !== null) return refuseInWords(context, wrong);
  const existing = readWorkspaceFile(options.directory);
  if (!existing.ok) return refuseInWords(context, existing.message);
  const asks = context.isTerminal && !options.yes;
  const parent = await chooseParent(options, existing.file, asks, context);
  if (parent.kind === 'cut') return cut(context);
  if (parent.kind === 'declined') return nothingWritten(context);
  if (parent.kind === 'refused') return refuseInWords(context, parent.message);
  const me = parent.kind === 'parent' ? parent.me : null;
  // Before the other questions, which nobody should answer in vain.
  const early = draftWorkspace(existing.file, bindingOf(me), NO_SETTINGS, options.force);
  if (early.kind !== 'drafted') return refuseDraft(early, context);
  const situation = await situationOf(options.directory, existing.file);
  const answers = asks ? await askForAnswers(options, situation, context) : answersOfOptions(options, situation);
  if (answers === null) return cut(context);
  return make(options, { existing: existing.file, me, answers, asks }, context);
}

interface Wanted {
  readonly existing: WorkspaceFile;
  /** null: the sandbox. */
  readonly me: Whoami | null;
  readonly answers: InitAnswers;
  readonly asks: boolean;
}

async function make(
  options: InitOptions,
  { existing, me, answers, asks }: Wanted,
  context: CommandContext,
): Promise<number> {
  const drafted = draftWorkspace(existing, bindingOf(me), answers, options.force);
  if (drafted.kind !== 'drafted') return refuseDraft(drafted, context);
  const customer = answers.customer === null ? [] : [draftCustomer(answers.customer)];
  // The binding comes last: a workspace that is bound is whole.
  const files = [...customer, ...(drafted.file === null ? [] : [drafted.file])];
  if (asks && files.length > 0) {
    context.stderr(summaryOf(files));
    const yes = await askYes('Write these files?', context);
    if (yes === null) return cut(context);
    if (!yes) return nothingWritten(context);
  }
  if (files.length > 0) {
    const unmade = makeWorkspaceDirectory(options.directory);
    if (unmade !== null) return refuseInWords(context, unmade);
    const locked = await withLock(options.directory, 'reconcile init', async () =>
      writeFiles(options.directory, files),
    );
    if (!locked.ok) return refuseInWords(context, locked.message, locked.exitCode);
    if (locked.value !== null) return refuseInWords(context, locked.value);
  }
  context.stdout(report(me, files, outputPage(context, false)));
  return exitCodes.ok;
}

function refuseDraft(drafted: Exclude<Drafted, { readonly kind: 'drafted' }>, context: CommandContext): number {
  if (drafted.kind === 'refused') return refuseInWords(context, `${drafted.message}\nNext: ${drafted.next}`);
  return refuseFiles(context, drafted.problems);
}

/** Said before anything is asked or called. */
function wrongOption(options: InitOptions): string | null {
  const { customer, name } = options;
  if (name !== null && customer === null) return '--name is the name of --customer: say both.';
  if (customer !== null) {
    const problem = problemWithCustomer({ externalId: customer, name: name ?? 'A' });
    if (problem !== null) return `--customer ${printable(customer)}: ${problem}`;
  }
  return wrongSecretOption(options);
}

async function situationOf(directory: string, existing: WorkspaceFile): Promise<InitSituation> {
  const found = findCustomerFiles(disk.fileSystem, directory);
  return {
    needsCustomer: !found.ok || found.files.length === 0,
    needsSettings: existing === null,
    hasRemote: await hasRemote(directory),
  };
}

/** Every line that is going to be there, so that nobody has to guess what was meant. */
function summaryOf(files: readonly DraftedFile[]): string {
  const blocks = files.map(({ path, text, replaces }) =>
    [
      `${path}${replaces === null ? '' : ' (everything else in it stays)'}`,
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => `  ${printable(line)}`.trimEnd()),
    ].join('\n'),
  );
  return `\n${blocks.join('\n\n')}\n\n`;
}

function report(me: Whoami | null, files: readonly DraftedFile[], page: Page): string {
  const run = me === null ? 'reconcile --sandbox' : 'reconcile';
  return [
    ...files.map(({ path }) => `Wrote ${path}`),
    ...page.wrap(bindingSentence(me, files), ''),
    'Next:',
    ...page.wrap(whatToDeclare(files), '  1. ', 5),
    '  2. reconcile validate',
    `  3. ${run} --dry-run`,
    `  4. Commit reconcile.yaml and customers/, then run ${run}.`,
    '',
  ].join('\n');
}

function whatToDeclare(files: readonly DraftedFile[]): string {
  const first = files.find(({ path }) => path.startsWith('customers/'));
  if (first === undefined) return 'Declare each customer below customers/ (see reconcile schema customer).';
  return `Say in ${first.path} what the customer gets (see reconcile schema customer).`;
}

function bindingSentence(me: Whoami | null, files: readonly DraftedFile[]): string {
  const isWritten = files.some(({ path }) => path === 'reconcile.yaml');
  if (me !== null && isWritten) return `Bound to ${nameOf(me)}, key ${me.apiKeyId}.`;
  if (me !== null) return `reconcile.yaml is bound to ${nameOf(me)} already; it was left as it is.`;
  if (!isWritten) return 'reconcile.yaml is there; it was left as it is.';
  return 'Bound to no parent: it is for the built-in sandbox until `reconcile init` finds an API key.';
}

/** Ctrl-C, or the end of the input: nothing was begun. */
function cut(context: CommandContext): number {
  const signal = context.stoppedBy();
  context.stderr('\nNothing was written.\n');
  if (signal === null) return exitCodes.cannotRun;
  return signal === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted;
}

function nothingWritten(context: CommandContext): number {
  context.stderr('Nothing was written.\n');
  return exitCodes.cannotRun;
}
