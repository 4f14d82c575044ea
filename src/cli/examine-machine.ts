import { join } from 'node:path';
import { type Check, failedCheck, passed, skipped, warned } from '../core/check.ts';
import type { WorkspaceDeclaration } from '../core/declaration/workspace.ts';
import { type Fleet, placeText, type SourceProblem } from '../core/source.ts';
import { failedTo } from '../effects/durable-file.ts';
import { unless } from '../effects/errno.ts';
import { readJournal } from '../effects/file-journal.ts';
import { inspectLock } from '../effects/lock.ts';
import { nodeFileSystem } from '../effects/node-filesystem.ts';
import { isIgnoredByGit, isTrackedByGit } from '../effects/secrets/git-tracked.ts';
import type { DiscardingStatusStore } from '../effects/status/store.ts';
import { stateDirectoryOf } from '../effects/workspace-state.ts';
import type { CommandContext } from './context.ts';
import { counted } from './render/layout.ts';
import { runDirectoryOf, secretsDirectoryOf } from './stores.ts';

/** What can be seen without the API: files, the state directory, the lock, git, and the environment. */

export function examineFiles(fleet: Fleet | null, problems: readonly SourceProblem[]): Check {
  const next = '`reconcile validate` prints every problem with its lines.';
  const [first] = problems;
  if (!fleet) return failedCheck('files', first ? `${first.file}: ${first.message}` : 'Nothing can be read.', next);
  if (first) return failedCheck('files', `${placeText(first)} ${first.message}`, first.hint ?? next);
  const { customers, broken } = fleet;
  if (broken.length > 0)
    return failedCheck('files', `${counted(broken.length, 'file')} cannot be used; those customers are frozen.`, next);
  return passed('files', `reconcile.yaml and ${counted(customers.length, 'customer file')} are valid.`);
}

/** The API key's place. The key itself is judged when the context hands it out. */
export function examineKeyFile({ environment }: Pick<CommandContext, 'environment'>): Check {
  const path = environment['LAYERS_API_KEY_FILE'] ?? '';
  if (path === '') return skipped('key-file', 'LAYERS_API_KEY_FILE is not set.');
  return attempt('key-file', `look at ${path}`, () => {
    if ((nodeFileSystem.stat(path).mode & 0o004) === 0)
      return passed('key-file', `${path} cannot be read by everybody.`);
    return warned('key-file', `${path} can be read by every user of this machine.`, `chmod 600 ${path}`);
  });
}

export function examineStateDirectory(directory: string): Check {
  const path = stateDirectoryOf(directory);
  return attempt('state-directory', `look at ${path}`, () => {
    const facts = unless(['ENOENT'], () => nodeFileSystem.stat(path));
    if (facts === null) return skipped('state-directory', 'There is no .reconcile yet; the first pass makes it.');
    if (facts.kind !== 'directory')
      return failedCheck('state-directory', `${path} is not a directory.`, 'Move it away; the next pass makes one.');
    if ((facts.mode & 0o077) !== 0)
      return warned('state-directory', `${path} is open to other users of this machine.`, `chmod 700 ${path}`);
    return passed('state-directory', '.reconcile is there and private.');
  });
}

export function examineJournal(directory: string, sandbox: boolean): Check {
  const read = readJournal(join(runDirectoryOf(directory, sandbox), 'journal.jsonl'), nodeFileSystem);
  if (!read.ok) return failedCheck('journal', `${read.message}.`, 'No write is sent whose intent cannot be noted.');
  const { entries, damagedLines } = read.contents;
  if (damagedLines > 0)
    return warned(
      'journal',
      `${counted(damagedLines, 'line')} of the journal cannot be read, as a crash leaves them.`,
      'Nothing to do: the journal is history, and damaged lines are skipped.',
    );
  return passed('journal', `The journal holds ${counted(entries.length, 'line')}.`);
}

export async function examineLock(directory: string): Promise<Check> {
  const state = await inspectLock(stateDirectoryOf(directory));
  if (state.kind === 'unknown') return failedCheck('lock', `${state.message}.`, null);
  if (state.kind === 'free') return passed('lock', 'Nobody writes in this workspace now.');
  if (state.holder === null)
    return warned(
      'lock',
      'Whether somebody writes in this workspace cannot be told: nobody answers for its lock.',
      'Who holds it is stopped or busy, or is another user, whom we may not even ask.',
    );
  const { pid, command, since } = state.holder;
  return passed('lock', `Process ${pid} (${command}) writes in this workspace since ${since}.`);
}

export async function examineGit(directory: string, workspace: WorkspaceDeclaration): Promise<Check> {
  const { store } = workspace.secrets;
  if (store !== 'file' && store !== 'age') return skipped('git', 'No secret is a file.');
  const path = secretsDirectoryOf(directory, false, workspace);
  if (store === 'age') {
    if (!(await isIgnoredByGit(join(path, 'probe.age'))))
      return passed('git', 'Git ignores no encrypted secret, so that they can be committed.');
    return failedCheck(
      'git',
      `Git ignores ${path}, where encrypted secrets are to be committed from.`,
      'Take it out of .gitignore, or let secrets.directory name another place.',
    );
  }
  if (!(await isTrackedByGit(path))) return passed('git', 'Git tracks no file of secrets.');
  return failedCheck(
    'git',
    `Git tracks files in ${path}, where secrets are kept.`,
    `git rm -r --cached ${path}; what was pushed must be rotated (raise createdAfter).`,
  );
}

/** Whether what was recorded can be read and, where it is published, whether the remote would take it. */
export async function examineStatusStore(
  store: DiscardingStatusStore,
  { status }: WorkspaceDeclaration,
  /** Whether it is the sandbox's own, or the cluster's, whatever reconcile.yaml says. */
  isElsewhere: boolean,
): Promise<Check> {
  if (!isElsewhere && (status.store === undefined || status.store === 'inline'))
    return passed('status-store', 'What passes record stands in the files themselves.');
  const read = await store.read({ externalId: null, file: 'reconcile.yaml' });
  const failed = read.ok ? await store.prove?.() : read;
  if (!failed || failed.ok) return passed('status-store', 'What passes record can be read and written.');
  return failedCheck(
    'status-store',
    `${failed.message}.`,
    'Without it a pass decides nothing that a recorded status might veto; see docs/secrets-and-status.md.',
  );
}

/** Switches of Node that weaken TLS or print what is sent. */
export function examineEnvironment({ environment }: Pick<CommandContext, 'environment'>): Check {
  const risky = ['NODE_DEBUG', 'NODE_OPTIONS'].filter((name) => (environment[name] ?? '') !== '');
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') risky.unshift('NODE_TLS_REJECT_UNAUTHORIZED');
  if (risky.length === 0) return passed('environment', 'No switch of Node is set that could show or weaken anything.');
  return warned(
    'environment',
    `${risky.join(', ')} is set, which may print what is sent or change how it is protected.`,
    'Unset it where reconcile runs.',
  );
}

function attempt(id: string, what: string, look: () => Check): Check {
  try {
    return look();
  } catch (error) {
    return failedCheck(id, `${failedTo(what, error).message}.`, 'Correct the path or its permissions.');
  }
}
