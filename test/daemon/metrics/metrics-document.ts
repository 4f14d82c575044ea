import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRIC_PREFIX } from '../../../src/daemon/metrics/instruments.ts';
import { repositoryRoot } from '../../support/source-tree.ts';
import { fedMetrics } from './support.ts';

const FILE = join(repositoryRoot, 'docs/metrics.md');
const BEGIN = '<!-- begin of what `npm run metrics` writes -->';
const END = '<!-- end of what `npm run metrics` writes -->';

/** docs/metrics.md as it stands, and as it should: its table replaced, the rest left alone. */
export async function metricsDocument(): Promise<{ readonly present: string; readonly wanted: string }> {
  const present = readFileSync(FILE, 'utf8');
  const [before, rest] = present.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${FILE} lacks the marks around its table`);
  return { present, wanted: `${before}${BEGIN}\n\n${await table()}\n\n${END}${after}` };
}

export async function writeMetricsDocument(): Promise<void> {
  writeFileSync(FILE, (await metricsDocument()).wanted);
}

async function table(): Promise<string> {
  const found = await fedMetrics().registry.getMetricsAsJSON();
  const rows = found
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, help, values }) => {
      const labels = new Set(values.flatMap((value) => Object.keys(value.labels)).filter((label) => label !== 'le'));
      const shown = [...labels].map((label) => `\`${label}\``).join(', ');
      return `| \`${name.slice(METRIC_PREFIX.length)}\` | ${String(type)} | ${shown || '–'} | ${help} |`;
    });
  return ['| Name | Type | Labels | What it says |', '|---|---|---|---|', ...rows].join('\n');
}
