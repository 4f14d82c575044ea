import { chapters } from './list.ts';
import type { Walk, WalkedPass } from './walk.ts';

/** The tables of docs/lifecycle.md, one a chapter, made of the walks themselves: what they say is what was tested. */
export function lifecycleTables(): string {
  return chapters
    .map(({ title, walks }) => [`### ${title}`, '', HEAD, RULE, ...walks.map(row)].join('\n'))
    .join('\n\n');
}

const HEAD = '| Event | Planned | Written | Said | Never |';
const RULE = '| --- | --- | --- | --- | --- |';

function row({ reason, passes, never }: Walk): string {
  const column = (of: (pass: WalkedPass) => readonly string[]) =>
    passes.map((pass, index) => `${when(pass, index)}${listed(of(pass))}`).join('<br>');
  const said = passes.at(-1)?.says ?? [];
  return `| ${[sentence(reason), column(({ plans }) => plans), column(({ writes }) => writes.map((line) => `\`${line}\``)), listed(said.map((code) => `\`${code}\``)), never].join(' | ')} |`;
}

function when({ afterHours }: WalkedPass, index: number): string {
  if (index === 0) return '';
  return afterHours === undefined ? 'then: ' : `after ${afterHours} h: `;
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? 'nothing' : texts.join('; ');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
