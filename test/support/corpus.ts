import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainPage } from '../../src/cli/render/page.ts';
import { renderProblemsOfFile } from '../../src/cli/render/problem.ts';
import { canonicalJson } from '../../src/core/canonical.ts';
import type { SourceProblem } from '../../src/core/source.ts';
import { createDirectorySource } from '../../src/effects/source/directory-source.ts';
import { validateWorkspace } from '../../src/effects/source/validate-workspace.ts';
import { createMemoryFileSystem } from './memory-filesystem.ts';
import { repositoryRoot } from './source-tree.ts';

/**
 * The corpus of declarations (test/corpus/README.md): files as people write them, each with what reconcile says about
 * it. A topic is a folder; its recording is one text, so that messages are read and compared side by side.
 */

const corpusRoot = join(repositoryRoot, 'test/corpus');

/** Recordings stand beside the files they are about. */
const recordingName = 'verdicts.txt';

/** What no file of a repository can hold, or should: see hostile-workspace.ts. */
export const hostileRecordingPath = join(corpusRoot, 'hostile', recordingName);

export interface CorpusTopic {
  /** `customers/amounts`, `workspaces/guards`. */
  readonly path: string;
  readonly kind: 'customer' | 'workspace';
  readonly cases: readonly CorpusCase[];
}

export interface CorpusCase {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Verdict {
  readonly problems: readonly SourceProblem[];
  /** What was understood; null when the file is refused. */
  readonly declaration: unknown;
}

/** What is written about times in the future holds at this moment. */
const nowMs = Date.parse('2026-11-24T12:00:00Z');

export function corpusTopics(): readonly CorpusTopic[] {
  return (['customer', 'workspace'] as const).flatMap((kind) =>
    readdirSync(join(corpusRoot, `${kind}s`))
      .toSorted()
      .map((topic) => ({ path: `${kind}s/${topic}`, kind, cases: casesIn(join(corpusRoot, `${kind}s`, topic)) })),
  );
}

function casesIn(directory: string): CorpusCase[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => ({ name: name.slice(0, -'.yaml'.length), bytes: readFileSync(join(directory, name)) }));
}

/** Reads one file as the command does: alone in a workspace, through the source. */
export async function judge({ kind }: Pick<CorpusTopic, 'kind'>, { name, bytes }: CorpusCase): Promise<Verdict> {
  const fileSystem = createMemoryFileSystem();
  fileSystem.plant(kind === 'customer' ? `/w/customers/${name}.yaml` : '/w/reconcile.yaml', bytes);
  if (kind === 'workspace') fileSystem.plant('/w/customers/acme.yaml', 'externalId: acme\nname: Acme\n');
  const source = createDirectorySource({ workspaceDirectory: '/w', clock: { now: () => nowMs }, fileSystem });
  const { problems } = await validateWorkspace(source);
  if (problems.length > 0) return { problems, declaration: null };
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) throw new Error('validated and then refused');
  if (kind === 'workspace') return { problems, declaration: workspace.workspace.declaration };
  const fleet = await source.loadFleet(workspace.workspace);
  if (!fleet.ok) throw new Error('validated and then refused');
  return { problems, declaration: fleet.fleet.customers[0]?.declaration };
}

/** One case of a recording: its name and codes, then what `reconcile validate` prints, or what was understood. */
export function recordVerdict(name: string, { problems, declaration }: Verdict): string {
  if (problems.length === 0) return `=== ${name}: accepted\n${canonicalJson(declaration)}\n`;
  const codes = [...new Set(problems.map(({ code }) => code))].join(', ');
  return `=== ${name}: ${codes}\n${renderProblemsOfFile(problems, plainPage).join('\n\n')}\n`;
}

export async function recordTopic(topic: CorpusTopic): Promise<string> {
  const records: string[] = [];
  for (const one of topic.cases) records.push(recordVerdict(one.name, await judge(topic, one)));
  return records.join('\n');
}

export function recordingPath({ path }: Pick<CorpusTopic, 'path'>): string {
  return join(corpusRoot, path, recordingName);
}
