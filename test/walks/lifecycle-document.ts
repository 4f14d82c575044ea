import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/source-tree.ts';
import { lifecycleTables } from './lifecycle-table.ts';

const FILE = join(repositoryRoot, 'docs/lifecycle.md');
const BEGIN = '<!-- begin of what `npm run lifecycle` writes -->';
const END = '<!-- end of what `npm run lifecycle` writes -->';

/** The document as it stands, and as it should: its tables replaced, the rest left alone. */
export function lifecycleDocument(): { readonly present: string; readonly wanted: string } {
  const present = readFileSync(FILE, 'utf8');
  const [before, rest] = present.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${FILE} lacks the marks around its tables`);
  return { present, wanted: `${before}${BEGIN}\n\n${lifecycleTables()}\n\n${END}${after}` };
}

export function writeLifecycleDocument(): void {
  writeFileSync(FILE, lifecycleDocument().wanted);
}
