import type { SourceProblem } from '../../source.ts';
import { problemAt, type SourceText } from './source-text.ts';

/** At the beginning of a line, where no text of a declaration can stand. */
const conflict = /^<{7}(?: .*)?$/m;
const lfsPointer = /^version https:\/\/git-lfs\.github\.com\/spec\//;

/** What Git leaves in a file in place of what a person wrote. Said before YAML complains about every line of it. */
export function findForeignText(source: SourceText): SourceProblem | null {
  const marker = conflict.exec(source.text);
  if (marker !== null) {
    return problemAt(source, marker.index, {
      code: 'MergeConflict',
      message: 'A merge conflict begins here that nobody resolved.',
      hint: 'Keep one of the two sides, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>.',
    });
  }
  if (!lfsPointer.test(source.text)) return null;
  return problemAt(source, 0, {
    code: 'GitLfsPointer',
    message: 'This is a pointer of Git LFS, not the file itself.',
    hint: 'Run git lfs pull, or keep declarations out of Git LFS.',
  });
}
