import { join, resolve } from 'node:path';
import type { WorkspaceDeclaration } from '../../core/declaration/workspace.ts';
import type { SourceProblem } from '../../core/source.ts';
import { yamlLines } from '../../core/yaml-text.ts';
import { ensureDirectory, failedTo, removeFile, replaceFile } from '../../effects/durable-file.ts';
import { unless } from '../../effects/errno.ts';
import { fileNameOf } from '../../effects/file-names.ts';
import { nodeFileSystem } from '../../effects/node-filesystem.ts';
import { disk } from '../stores.ts';
import { type Binding, bindWorkspace } from './bind-workspace.ts';
import type { FirstCustomer, InitAnswers } from './init-answers.ts';

/** A file that is to be written: new, or reconcile.yaml with two lines more. */
export interface DraftedFile {
  /** Relative to the workspace, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** null: there must be nothing at the path. */
  readonly replaces: { readonly bytes: Uint8Array; readonly mode: number } | null;
}

type Existing =
  | {
      readonly ok: true;
      /** null: there is none. */
      readonly file: { readonly text: string; readonly bytes: Uint8Array; readonly mode: number } | null;
    }
  | { readonly ok: false; readonly message: string };

export type WorkspaceFile = (Existing & { readonly ok: true })['file'];

export function readWorkspaceFile(directory: string): Existing {
  const path = join(directory, WORKSPACE_FILE);
  try {
    const bytes = unless(['ENOENT'], () => nodeFileSystem.readFile(path));
    if (bytes === null) return { ok: true, file: null };
    const mode = nodeFileSystem.stat(path).mode & 0o777;
    return { ok: true, file: { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), bytes, mode } };
  } catch (error) {
    return { ok: false, message: `${failedTo(`read ${path}`, error).message}.` };
  }
}

const WORKSPACE_FILE = 'reconcile.yaml';
const HEAD = '# What concerns all customers; `reconcile schema reconcile` has the settings.\n';

export type Drafted =
  /** null: it is there, and says all of this already. */
  | { readonly kind: 'drafted'; readonly file: DraftedFile | null }
  | { readonly kind: 'refused'; readonly message: string; readonly next: string }
  | { readonly kind: 'invalid'; readonly problems: readonly SourceProblem[] };

/** reconcile.yaml as it is to be. Of one that exists everything but the binding stays, byte for byte. */
export function draftWorkspace(
  existing: WorkspaceFile,
  binding: Binding | null,
  { statusStore, secrets }: Pick<InitAnswers, 'statusStore' | 'secrets'>,
  force: boolean,
): Drafted {
  const settings = settingsText(statusStore, secrets);
  const text = existing?.text ?? (settings === '' ? HEAD : `${HEAD}\n${settings}`);
  const bound = binding === null ? ({ kind: 'already-bound' } as const) : bindWorkspace(text, binding, force);
  if (bound.kind === 'invalid' || bound.kind === 'refused') return bound;
  if (bound.kind === 'already-bound' && existing !== null) return { kind: 'drafted', file: null };
  return {
    kind: 'drafted',
    file: { path: WORKSPACE_FILE, text: bound.kind === 'bound' ? bound.text : text, replaces: existing },
  };
}

/** What is the default anyway is written too: whoever reads the file later sees that it was chosen. */
function settingsText(
  statusStore: WorkspaceDeclaration['status']['store'] | null,
  secrets: InitAnswers['secrets'],
): string {
  const status = statusStore && { store: statusStore, ...(statusStore === 'directory' ? { directory: 'status' } : {}) };
  const lines = yamlLines(
    { ...(status ? { status } : {}), ...(secrets === null ? {} : { secrets: { ...secrets } }) },
    '',
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** Grants nothing and mints nothing: somebody will run it before reading it. */
export function draftCustomer({ externalId, name }: FirstCustomer): DraftedFile {
  const text = [
    '# One file per customer. See `reconcile --dry-run` before committing it.',
    ...yamlLines({ externalId }, '').map((line) => `${line} # the identity: never changes`),
    ...yamlLines({ name }, ''),
    'credits: 0 # in total, real money; raise it to grant the difference',
    'cap: 0 # credits per billing period; 0 stops all spending',
    '',
  ].join('\n');
  return { path: `customers/${fileNameOf(externalId)}.yaml`, text, replaces: null };
}

/** The directory that -C names, which of all commands only this one makes. Returns why it could not, or null. */
export function makeWorkspaceDirectory(directory: string): string | null {
  try {
    ensureDirectory(nodeFileSystem, resolve(directory), 0o755);
    return null;
  } catch (error) {
    return `${failedTo(`make ${directory}`, error).message}.`;
  }
}

/**
 * Writes the files, each whole or not at all, and none over one that is there. When one fails, those before it are taken
 * back, so that a workspace is made or not. Returns why, or null.
 */
export function writeFiles(directory: string, files: readonly DraftedFile[]): string | null {
  const made: string[] = [];
  for (const file of files) {
    const path = join(directory, file.path);
    const failed = writeFile(path, file);
    if (failed !== null) {
      for (const each of made) unless(['EIO', 'EROFS', 'EACCES'], () => removeFile(nodeFileSystem, each));
      return failed;
    }
    if (file.replaces === null) made.push(path);
  }
  return null;
}

function writeFile(path: string, { text, replaces }: DraftedFile): string | null {
  try {
    ensureDirectory(nodeFileSystem, join(path, '..'), 0o755);
  } catch (error) {
    return `${failedTo(`make the directory of ${path}`, error).message}.`;
  }
  const unchanged =
    replaces === null ? { mode: 0o644, onlyNew: true } : { mode: replaces.mode, expected: replaces.bytes };
  const written = replaceFile(disk, path, new TextEncoder().encode(text), unchanged);
  return written.ok ? null : `${written.message}.`;
}
