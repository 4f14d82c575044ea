import { locate, type Positions, type SourceLocation } from '../source.ts';
import type { CustomerDeclaration } from './customer.ts';
import type { WorkspaceDeclaration } from './workspace.ts';

/**
 * The declaration with the workspace's defaults; a member the customer declares itself, `null` included, replaces the
 * default whole. `origins` says where the defaulted members stand.
 */
export function applyDefaults(
  customer: CustomerDeclaration,
  workspace: { readonly declaration: WorkspaceDeclaration; readonly file: string; readonly positions: Positions },
): { readonly declaration: CustomerDeclaration; readonly origins: ReadonlyMap<string, SourceLocation> } {
  const { defaults } = workspace.declaration;
  const origins = new Map<string, SourceLocation>();
  const taken = new Set(Object.keys(defaults).filter((name) => !Object.hasOwn(customer, name)));
  if (taken.size === 0) return { declaration: customer, origins };
  const prefix = '/defaults';
  for (const pointer of workspace.positions.keys()) {
    const member = pointer.slice(prefix.length);
    if (!pointer.startsWith(`${prefix}/`) || !taken.has(member.split('/')[1] ?? '')) continue;
    origins.set(member, locate(workspace, pointer));
  }
  return { declaration: { ...defaults, ...customer }, origins };
}
