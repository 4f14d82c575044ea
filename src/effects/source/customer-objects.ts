import type { SourceProblem } from '../../core/source.ts';
import type { Named, Place } from '../kubernetes/kind.ts';

/** How an object stands where a file would: `customers/<namespace>/<name>`. */
export function fileOfObject({
  namespace,
  name,
}: {
  readonly namespace?: string | null | undefined;
  readonly name: string;
}): string {
  return `${folder}/${namespace ?? ''}/${name}`;
}

/** The object that such a file is; null for one that is no object. */
export function objectOfFile(file: string): (Named & { readonly namespace: string }) | null {
  const [first, namespace, name, ...rest] = file.split('/');
  if (first !== folder || !namespace || !name || rest.length > 0) return null;
  return { namespace, name };
}

const folder = 'customers';

/** A problem with all objects of a place. */
export function placeProblem(
  { namespace }: Place,
  problem: Pick<SourceProblem, 'code' | 'message' | 'hint'>,
): SourceProblem {
  const file = namespace === null ? folder : `${folder}/${namespace}`;
  return { file, line: 1, column: 1, path: '*', ...problem };
}
