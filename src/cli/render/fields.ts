import type { Json } from '../../core/canonical.ts';
import { printable } from '../../core/declaration/yaml/printable.ts';
import { formatCredits } from '../../core/money.ts';
import type { Fields } from '../../core/plan.ts';
import type { Page } from './page.ts';

interface Difference {
  readonly field: string;
  /** undefined: there was nothing before, because the thing is being made. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** One `name  before → after` for each field, values below each other, numbers to the right. */
export function renderFields(before: Fields | null, after: Fields | null, indent: number, page: Page): string[] {
  const differences = differencesOf(before, after);
  const nameWidth = Math.max(0, ...differences.map(({ field }) => printable(field).length));
  const [left, right] = [numberWidth(differences, 'before'), numberWidth(differences, 'after')];
  return differences.flatMap(({ field, before: old, after: wanted }) => {
    const first = `${' '.repeat(indent)}${printable(field).padEnd(nameWidth)}  `;
    const oldText = old === undefined ? null : padNumber(old, left);
    const newText = wanted === undefined ? null : padNumber(wanted, right);
    const [start = '', ...more] = page.wrap([oldText?.trim(), newText?.trim()].filter(isText).join(' → '), first);
    // Numbers fit on one line: only there may their padding come back, which wrapping takes out.
    const padded = first + [oldText, newText].filter(isText).join(' → ');
    return more.length === 0 && isNumeric(old ?? null) && isNumeric(wanted ?? null) ? [padded] : [start, ...more];
  });
}

function isText(text: string | null | undefined): text is string {
  return typeof text === 'string';
}

function isNumeric(value: Json): boolean {
  return typeof value === 'number' || value === null;
}

function numberWidth(differences: readonly Difference[], side: 'before' | 'after'): number {
  const numbers = differences.map((difference) => difference[side]).filter((value) => typeof value === 'number');
  return Math.max(0, ...numbers.map((value) => formatCredits(value).length));
}

function padNumber(value: Json, width: number): string {
  return isNumeric(value) ? showValue(value).padStart(width) : showValue(value);
}

function differencesOf(before: Fields | null, after: Fields | null): Difference[] {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return fields.flatMap((field) =>
    membersOf({
      field,
      before: before === null ? undefined : (before[field] ?? null),
      after: after === null ? undefined : (after[field] ?? null),
    }),
  );
}

/** Of two maps, only the members that differ, each as a field of its own (`metadata.plan`). */
function membersOf(difference: Difference): Difference[] {
  const { field, before, after } = difference;
  if (!isMap(after) || (before !== undefined && !isMap(before))) return [difference];
  const members = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])];
  return members
    .map((member) => ({
      field: `${field}.${member}`,
      before: before === undefined ? undefined : (before[member] ?? null),
      after: after[member] ?? null,
    }))
    .filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
}

function isMap(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as people write it: `5,000`, `content:read, content:write`, `threshold 1,000, amount 2,000`, `none`. */
function showValue(value: Json): string {
  if (value === null) return 'none';
  if (typeof value === 'number') return formatCredits(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value === '' || value.trim() !== value ? JSON.stringify(value) : value;
  if (isMap(value)) {
    const entries = Object.entries(value).map(([member, inner]) => `${member} ${showValue(inner)}`);
    return entries.length === 0 ? 'none' : entries.join(', ');
  }
  return value.length === 0 ? 'none' : value.map(showValue).join(', ');
}
