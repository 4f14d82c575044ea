import type { CustomerDeclaration } from './declaration/customer.ts';
import type { WorkspaceDeclaration } from './declaration/workspace.ts';

/** 1-based; columns count UTF-16 units after a byte order mark. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /**
   * Of a declaration that is an object in a cluster, which has no lines: where the member stands, such as
   * `spec.keys[0].scopes`. Line and column then count in its spec written out with one member a line.
   */
  readonly path?: string;
}

export interface SourceLocation extends Position {
  /** Relative to the workspace, with forward slashes; `customers/<namespace>/<name>` for an object in a cluster. */
  readonly file: string;
}

/** Something wrong in a file a person wrote. */
export interface SourceProblem extends SourceLocation {
  /** Stable, CamelCase. */
  readonly code: string;
  /** What is wrong and why, in one or two sentences, without the position. */
  readonly message: string;
  /** What to do next, when the message alone does not tell. */
  readonly hint?: string;
  /** Lines of the file around the position with a caret under it; printed as it is. */
  readonly frame?: string;
}

/** Where the members of a file stand, by JSON pointer (`/keys/0/scopes`); the position is that of the member's key. */
export type Positions = ReadonlyMap<string, Position>;

/** A declaration together with the file it was read from. */
export interface Sourced<T> {
  readonly declaration: T;
  readonly file: string;
  readonly positions: Positions;
  /** `sha256:<hex>` of the canonical declaration, without its status. */
  readonly hash: string;
  /** The raw `status:` member of the file; what it claims is checked by whoever reads it. */
  readonly status: unknown;
  /** `metadata.generation` of an object in a cluster, which every change of its spec raises; files have none. */
  readonly generation?: number;
  /** Members that stand in another file, by JSON pointer: what a customer has from `defaults` in reconcile.yaml. */
  readonly origins?: ReadonlyMap<string, SourceLocation>;
}

export interface SourcedCustomer extends Sourced<CustomerDeclaration> {
  /** Other files whose `adopt` names the same organization. */
  readonly adoptionRivals?: readonly string[];
}
export type SourcedWorkspace = Sourced<WorkspaceDeclaration>;

/** A file that cannot be used: its customer is frozen, not gone (I9). */
export interface BrokenFile {
  readonly file: string;
  /** What identity the file claims, when at least that could be read; other files claiming it are frozen too. */
  readonly externalId: string | null;
  readonly problems: readonly SourceProblem[];
}

/** All declarations of a workspace as one read saw them. */
export interface Fleet {
  readonly customers: readonly SourcedCustomer[];
  readonly broken: readonly BrokenFile[];
}

/** The place of a member, or of the nearest enclosing member that has one, or the first line. */
export function locate(
  source: { file: string; positions: Positions; origins?: ReadonlyMap<string, SourceLocation> },
  pointer: string,
): SourceLocation {
  for (let path = pointer; ; path = path.slice(0, path.lastIndexOf('/'))) {
    const origin = source.origins?.get(path);
    if (origin) return origin;
    const position = source.positions.get(path);
    if (position) return { file: source.file, ...position };
    if (path === '') return { file: source.file, line: 1, column: 1 };
  }
}

/** `customers/acme.yaml:7:3`, or `customers/acme/acme-coffee:spec.keys[0].scopes`: for people, who go there. */
export function placeText({ file, line, column, path }: SourceLocation): string {
  if (DIRECTORIES.has(file)) return file;
  return path === undefined ? `${file}:${line}:${column}` : `${file}:${path}`;
}

/** They have no lines: the workspace, and what it must hold. */
const DIRECTORIES: ReadonlySet<string> = new Set(['.', 'customers']);

/** The same without the column. */
export function lineText({ file, line, path }: SourceLocation): string {
  return path === undefined ? `${file}:${line}` : `${file}:${path}`;
}
