import { yamlLimits } from '../../core/declaration/yaml/limits.ts';
import { tooLarge } from '../../core/declaration/yaml/read-yaml.ts';
import type { SourceProblem } from '../../core/source.ts';
import type { FileSystem } from '../filesystem.ts';
import { type Attempt, attempt } from './attempt.ts';
import { fileProblem, notRegular, resolveInside, unreadable } from './find-files.ts';

export type ReadText = FileText | { readonly problem: SourceProblem };

export interface FileText {
  readonly text: string;
  /** When it was last written, by the file system's clock; milliseconds since the epoch. */
  readonly modifiedMs: number;
}

/**
 * The text of a regular file inside the workspace. Size and kind are looked at before it is opened, so that a pipe does
 * not block and a huge file is not read. Bytes that are not UTF-8 become U+FFFD, which no declaration may contain.
 */
export function readText(fileSystem: FileSystem, workspace: string, file: string): ReadText {
  const first = readOnce(fileSystem, workspace, file);
  // An atomic swap of a ConfigMap or of git-sync may remove the old tree between two of our looks: look once more.
  const settled = 'retry' in first ? readOnce(fileSystem, workspace, file) : first;
  return 'retry' in settled ? { problem: settled.retry } : settled;
}

function readOnce(
  fileSystem: FileSystem,
  workspace: string,
  file: string,
): ReadText | { readonly retry: SourceProblem } {
  const root = attempt(() => fileSystem.realPath(workspace));
  if (!root.ok) return failed(file, root);
  const target = resolveInside({ fileSystem, workspace, realRoot: root.value }, file);
  if ('problem' in target) return { retry: fileProblem(file, target.problem) };
  const facts = attempt(() => fileSystem.stat(target.real));
  if (!facts.ok) return failed(file, facts);
  if (facts.value.kind !== 'file') return { problem: fileProblem(file, notRegular) };
  if (facts.value.size > yamlLimits.bytes) return { problem: fileProblem(file, tooLarge) };
  const bytes = attempt(() => fileSystem.readFile(target.real));
  if (!bytes.ok) return failed(file, bytes);
  if (bytes.value.length > yamlLimits.bytes) return { problem: fileProblem(file, tooLarge) };
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.value);
  return { text, modifiedMs: facts.value.modifiedMs };
}

function failed(file: string, result: Extract<Attempt<unknown>, { ok: false }>): { readonly retry: SourceProblem } {
  return { retry: fileProblem(file, unreadable(result.failure)) };
}
