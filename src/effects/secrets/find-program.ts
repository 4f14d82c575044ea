import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { locate, type SourcedWorkspace, type SourceProblem } from '../../core/source.ts';
import { unless } from '../errno.ts';
import type { FileSystem } from '../filesystem.ts';

export type FoundProgram =
  | { readonly ok: true; readonly path: string }
  /** Why it cannot be run, as the end of a sentence that names it; and what to do, on a line of its own. */
  | { readonly ok: false; readonly message: string; readonly hint: string };

export interface ProgramPlace {
  /** Of the workspace: what a path is relative to. */
  readonly directory: string;
  /** Where a bare name is looked for. */
  readonly searchPath: string;
  readonly fileSystem: Pick<FileSystem, 'stat'>;
}

/** A program as `secrets.command` names it: a path, relative to the workspace, or a bare name on the PATH. */
export function findProgram(program: string, { directory, searchPath, fileSystem }: ProgramPlace): FoundProgram {
  if (!isPath(program)) {
    const folders = searchPath.split(delimiter).filter((folder) => folder.startsWith('/'));
    const found = folders
      .map((folder) => join(folder, program))
      .find((path) => flawOf(program, path, fileSystem) === null);
    if (found !== undefined) return { ok: true, path: found };
    const hint = `Install it, or write the path of a program in the workspace: ./${program}.`;
    return { ok: false, message: 'is in no folder of PATH', hint };
  }
  const path = resolve(directory, program);
  const flaw = flawOf(program, path, fileSystem);
  return flaw === null ? { ok: true, path } : { ok: false, ...flaw };
}

/**
 * Why the program of `secrets.command` cannot be run, where it is named; null also where no program is.
 *
 * @param reach `workspace` looks only at one that is a part of the workspace, and so the same on every machine
 */
export function programProblem(
  workspace: Pick<SourcedWorkspace, 'declaration' | 'file' | 'positions'>,
  place: ProgramPlace,
  reach: 'workspace' | 'machine',
): SourceProblem | null {
  const { store, command = [] } = workspace.declaration.secrets;
  const [program] = command;
  if (store !== 'command' || program === undefined) return null;
  if (reach === 'workspace' && (!isPath(program) || isAbsolute(program))) return null;
  const found = findProgram(program, place);
  if (found.ok) return null;
  return {
    ...locate(workspace, '/secrets/command/0'),
    code: 'ProgramNotFound',
    message: `secrets.command names the program ${printable(program)}, which ${found.message}.`,
    hint: found.hint,
  };
}

/** Whether a program is named by its place; any other is looked for on the PATH. */
function isPath(program: string): boolean {
  return program.includes('/');
}

function flawOf(
  program: string,
  path: string,
  fileSystem: ProgramPlace['fileSystem'],
): Omit<FoundProgram & { ok: false }, 'ok'> | null {
  const facts = unless(['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'], () => fileSystem.stat(path));
  if (facts === null)
    return {
      message: 'is not there',
      // No shell takes it apart.
      hint: program.includes(' ')
        ? 'Each argument is an item of its own in the list.'
        : 'Paths are relative to the workspace.',
    };
  if (facts.kind !== 'file') return { message: 'is no file', hint: 'Name the program itself.' };
  if ((facts.mode & 0o111) === 0) return { message: 'may not be executed', hint: `chmod +x ${program}` };
  return null;
}
