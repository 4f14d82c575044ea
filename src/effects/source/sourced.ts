import { canonicalJson } from '../../core/canonical.ts';
import type { CustomerDeclaration } from '../../core/declaration/customer.ts';
import { applyDefaults } from '../../core/declaration/defaults.ts';
import type { UnusableFile } from '../../core/declaration/identity.ts';
import { futureInstants, type GoodReading } from '../../core/declaration/reading.ts';
import type { WorkspaceDeclaration } from '../../core/declaration/workspace.ts';
import type { SourcedCustomer, SourcedWorkspace } from '../../core/source.ts';
import { sha256 } from '../chance.ts';
import type { CacheEntry } from './reading-cache.ts';

/** The only file of a workspace beside those of customers. */
export const workspaceFile = 'reconcile.yaml';

export function sourcedWorkspace({
  declaration,
  positions,
  status,
}: GoodReading<WorkspaceDeclaration>): SourcedWorkspace {
  return { declaration, file: workspaceFile, positions, hash: hashOf(declaration), status };
}

/** A customer of the fleet from what its file, or its object, was read to say. */
export function sourcedCustomer(
  entry: CacheEntry<CustomerDeclaration, SourcedCustomer>,
  file: string,
  workspace: SourcedWorkspace,
  nowMs: number,
): SourcedCustomer | UnusableFile {
  const { reading } = entry;
  if (!reading.ok) return { file, claim: reading.claim, problems: reading.problems };
  const future = futureInstants(reading, nowMs);
  if (future.length > 0) {
    return { file, claim: claimOf(reading), problems: future };
  }
  if (entry.sourced !== null && entry.workspace === workspace) return entry.sourced;
  const { declaration, origins } = applyDefaults(reading.declaration, workspace);
  const { positions, status } = reading;
  entry.workspace = workspace;
  entry.sourced = { declaration, file, positions, hash: hashOf(declaration), status, origins };
  return entry.sourced;
}

export function claimOf({
  declaration,
  positions,
}: Pick<SourcedCustomer, 'declaration' | 'positions'>): UnusableFile['claim'] {
  return { externalId: declaration.externalId, at: positions.get('/externalId') ?? { line: 1, column: 1 } };
}

function hashOf(declaration: WorkspaceDeclaration | CustomerDeclaration): string {
  return sha256(canonicalJson(declaration));
}
