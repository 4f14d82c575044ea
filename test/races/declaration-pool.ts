import { createDirectorySource } from '../../src/effects/source/directory-source.ts';
import type { DeclarationSource } from '../../src/effects/source/source.ts';
import { createMemoryFileSystem } from '../support/memory-filesystem.ts';

/** `reconcile.yaml` and the files below `customers/`, by name. */
export interface Declarations {
  readonly workspace: string;
  readonly customers: Readonly<Record<string, string>>;
}

const root = '/declarations';
const kept = new Map<string, DeclarationSource>();
const keptMax = 500;
/** One clock for all: whoever asks sets it first, and no reading of files waits for anything. */
let nowMs = 0;

/**
 * The real directory source over whatever the declarations are at this moment. Many thousand runs read the same few
 * texts, so that each set of texts is parsed once.
 */
export function declarationsOf(current: () => Declarations, now: () => number): DeclarationSource {
  const source = (): DeclarationSource => {
    nowMs = now();
    return sourceOver(current());
  };
  return {
    loadWorkspace: () => source().loadWorkspace(),
    loadFleet: (workspace) => source().loadFleet(workspace),
    reread: (customer, workspace) => source().reread(customer, workspace),
  };
}

function sourceOver(declarations: Declarations): DeclarationSource {
  const name = JSON.stringify(declarations);
  const known = kept.get(name);
  if (known) return known;
  const fileSystem = createMemoryFileSystem();
  fileSystem.plant(`${root}/reconcile.yaml`, declarations.workspace);
  fileSystem.plantDirectory(`${root}/customers`);
  for (const [file, text] of Object.entries(declarations.customers))
    fileSystem.plant(`${root}/customers/${file}`, text);
  const made = createDirectorySource({ workspaceDirectory: root, clock: { now: () => nowMs }, fileSystem });
  if (kept.size >= keptMax) kept.clear();
  kept.set(name, made);
  return made;
}
