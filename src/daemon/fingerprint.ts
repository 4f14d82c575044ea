import { canonicalJson } from '../core/canonical.ts';
import { sha256 } from '../effects/chance.ts';
import type { DeclarationSource } from '../effects/source/source.ts';

/**
 * What the files declare, as one hash: declarations without status, and the problems of files that cannot be used. Two
 * equal ones mean that a pass would work from the same input.
 */
export async function fingerprint(source: DeclarationSource): Promise<string> {
  const workspace = await source.loadWorkspace();
  if (!workspace.ok) return sha256(canonicalJson(workspace.problems));
  const fleet = await source.loadFleet(workspace.workspace);
  if (!fleet.ok) return sha256(canonicalJson([workspace.workspace.hash, fleet.problems]));
  const { customers, broken } = fleet.fleet;
  return sha256(
    canonicalJson([
      workspace.workspace.hash,
      customers.map(({ file, hash }) => [file, hash]),
      broken.map(({ file, problems }) => [file, problems.map(({ code, line, message }) => [code, line, message])]),
    ]),
  );
}
