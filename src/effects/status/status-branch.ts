import type { Git, GitAnswer } from '../git.ts';

export interface StatusBranchOptions {
  /** Run in the workspace. */
  readonly git: Git;
  readonly remote: string;
  readonly branch: string;
  /** False: only what was fetched before is looked at, here or by whoever made the checkout. */
  readonly remoteIsAsked: boolean;
}

/** The branch as it was last seen, at the remote or, when that cannot be reached, here. */
export type SeenBranch =
  | {
      readonly kind: 'seen';
      /** The commit; null when the remote has no such branch yet. */
      readonly tip: string | null;
      /** The path of the folder on the branch, with `/` at its end. */
      readonly folder: string;
      /** File names in the folder with their texts. */
      readonly files: ReadonlyMap<string, string>;
      /** Why the remote could not be asked just now; null when it was. */
      readonly offline: string | null;
    }
  /** Nothing can be said: the remote cannot be asked and was never seen, or this is not a place for status. */
  | { readonly kind: 'unknown'; readonly message: string };

/** File names in the folder with their new texts; null removes one. */
export type BranchChanges = ReadonlyMap<string, string | null>;

export interface StatusBranch {
  /** Asks the remote, once. */
  look(): Promise<SeenBranch>;
  /** Makes a commit on top of what was seen. Nothing points to it until it is pushed; nobody's files are touched. */
  commit(on: SeenBranch & { kind: 'seen' }, changes: BranchChanges, message: string, nowMs: number): Promise<GitAnswer>;
  /** Never forced: a remote that has moved on refuses. */
  push(commit: string): Promise<GitAnswer>;
  /** Whether the remote would take a push; sends nothing. */
  provePush(tip: string | null): Promise<GitAnswer>;
}

/**
 * A branch of the user's own repository that the work tree, the index and the user's refs know nothing of: plumbing
 * only, and two private refs, one for what was last seen at the remote and one for what is being pushed.
 */
export function createStatusBranch({ git, remote, branch, remoteIsAsked }: StatusBranchOptions): StatusBranch {
  const head = `refs/heads/${branch}`;
  const seenRef = `refs/reconcile/status/${branch}`;
  const nextRef = `refs/reconcile/next/${branch}`;

  /** Why the remote could not be asked; null when it was, even if it has no such branch. */
  async function fetchBranch(): Promise<string | null> {
    const quietly = ['--quiet', '--no-tags', '--no-write-fetch-head', '--refmap='];
    const fetched = await git.run(['fetch', ...quietly, '--end-of-options', remote, `+${head}:${seenRef}`]);
    const isMissing = !fetched.ok && fetched.stderr.includes("couldn't find remote ref");
    return fetched.ok || isMissing ? null : fetched.message;
  }

  async function firstCommit(refs: readonly string[]): Promise<string | null> {
    for (const ref of refs) {
      const found = await git.run(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
      if (found.ok) return found.stdout.toString('utf8').trim();
    }
    return null;
  }

  async function look(): Promise<SeenBranch> {
    const place = await findPlace(git, remote, branch);
    if (!place.ok) return { kind: 'unknown', message: place.message };
    const offline = remoteIsAsked ? await fetchBranch() : null;
    const refs = remoteIsAsked ? [seenRef] : [seenRef, `refs/remotes/${remote}/${branch}`];
    const tip = await firstCommit(refs);
    if (tip === null && offline !== null)
      return { kind: 'unknown', message: `branch ${branch} of ${remote} was never seen here: ${offline}` };
    const folder = `${place.prefix}status/`;
    if (tip === null) return { kind: 'seen', tip, folder, files: new Map(), offline };
    const declarations = [`${place.prefix}reconcile.yaml`, `${place.prefix}customers`];
    const foreign = await git.run(['ls-tree', '--full-tree', '--name-only', tip, '--', ...declarations]);
    if (!foreign.ok) return { kind: 'unknown', message: foreign.message };
    if (foreign.stdout.length > 0) return { kind: 'unknown', message: notForStatus(branch) };
    const files = await readFolder(git, tip, folder);
    return files.ok ? { kind: 'seen', tip, folder, files: files.files, offline } : { kind: 'unknown', ...files };
  }

  return {
    look,
    async commit({ tip, folder }, changes, message, nowMs) {
      const input = importStream(nextRef, tip, folder, changes, message, nowMs);
      return git.run(['fast-import', '--quiet', '--force', '--done', '--date-format=raw'], { input });
    },
    async push(commit) {
      const pushed = await git.run(['push', '--quiet', '--no-verify', '--end-of-options', remote, `${commit}:${head}`]);
      return pushed.ok ? git.run(['update-ref', '--no-deref', seenRef, commit]) : pushed;
    },
    async provePush(tip) {
      const refspec = `${tip ?? 'HEAD'}:${head}`;
      return git.run(['push', '--quiet', '--dry-run', '--no-verify', '--end-of-options', remote, refspec]);
    },
  };
}

type Place = { readonly ok: true; readonly prefix: string } | { readonly ok: false; readonly message: string };

/** Where the workspace lies in its repository, which mirrors where its status lies on the branch. */
async function findPlace(git: Git, remote: string, branch: string): Promise<Place> {
  const prefix = await git.run(['rev-parse', '--show-prefix']);
  if (!prefix.ok)
    return { ok: false, message: `the workspace is no git work tree that can be used: ${prefix.message}` };
  const url = await git.run(['remote', 'get-url', '--end-of-options', remote]);
  if (!url.ok)
    return {
      ok: false,
      message: `git knows no remote ${remote}; add it with git remote add, or let status.remote name another`,
    };
  const current = await git.run(['symbolic-ref', '--quiet', '--short', 'HEAD']);
  if (current.ok && current.stdout.toString('utf8').trim() === branch)
    return { ok: false, message: notForStatus(branch) };
  return { ok: true, prefix: prefix.stdout.toString('utf8').replace(/\n$/, '') };
}

function notForStatus(branch: string): string {
  return `branch ${branch} holds declarations; let status.branch name one that holds nothing but status`;
}

type FolderResult =
  | { readonly ok: true; readonly files: ReadonlyMap<string, string> }
  | { readonly ok: false; readonly message: string };

async function readFolder(git: Git, tip: string, folder: string): Promise<FolderResult> {
  const listed = await git.run(['ls-tree', '--full-tree', '-z', tip, '--', folder]);
  if (!listed.ok) return listed;
  const entries = listed.stdout
    .toString('utf8')
    .split('\0')
    .flatMap((line) => {
      const found = /^100(?:644|755) blob ([0-9a-f]+)\t(.+\.yaml)$/s.exec(line);
      const [, id, path] = found ?? [];
      return id === undefined || path === undefined ? [] : [{ id, name: path.slice(folder.length) }];
    });
  if (entries.length === 0) return { ok: true, files: new Map() };
  const wanted = new TextEncoder().encode(entries.map(({ id }) => `${id}\n`).join(''));
  const contents = await git.run(['cat-file', '--batch'], { input: wanted });
  if (!contents.ok) return contents;
  const files = new Map<string, string>();
  let at = 0;
  for (const { name } of entries) {
    // `<id> blob <size>`, a newline, that many bytes, a newline.
    const end = contents.stdout.indexOf(10, at);
    const size = Number(contents.stdout.toString('latin1', at, end).split(' ')[2]);
    if (!Number.isSafeInteger(size)) return { ok: false, message: `git does not show ${folder}${name}` };
    files.set(name, contents.stdout.toString('utf8', end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return { ok: true, files };
}

/** What `git fast-import` reads; its answer is the id of the commit. */
function importStream(
  ref: string,
  tip: string | null,
  folder: string,
  changes: BranchChanges,
  message: string,
  nowMs: number,
): Uint8Array {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const parts = [
    `commit ${ref}\nmark :1\n`,
    `committer reconcile <reconcile@localhost> ${Math.floor(nowMs / 1000)} +0000\n`,
    data(message),
    tip === null ? '' : `from ${tip}\n`,
    ...Array.from(changes, ([name, text]) => {
      const path = quotedPath(`${folder}${name}`);
      return text === null ? `D ${path}\n` : `M 100644 inline ${path}\n${data(text)}`;
    }),
    'get-mark :1\ndone\n',
  ];
  return new TextEncoder().encode(parts.join(''));
}

function quotedPath(path: string): string {
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
