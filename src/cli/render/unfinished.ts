import type { PassReport, StepReport } from '../../core/report.ts';
import { lineText } from '../../core/source.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';
import type { Tone } from './palette.ts';
import { isBlocked, stepName } from './step.ts';

interface Kind {
  readonly word: string;
  readonly tone: Tone;
  readonly holds: (step: StepReport) => boolean;
}

/** What needs a person first, what the next pass does by itself last. */
const kinds: readonly Kind[] = [
  { word: 'FAILED', tone: 'trouble', holds: ({ outcome }) => outcome === 'failed' },
  { word: 'in doubt', tone: 'trouble', holds: ({ outcome }) => outcome === 'in-doubt' },
  { word: 'blocked', tone: 'trouble', holds: isBlocked },
  { word: 'not started', tone: 'quiet', holds: ({ outcome }) => outcome === 'not-started' },
];

const WORD_WIDTH = 'not started'.length;
/** Of one kind; whoever has more of them works through the report from its beginning. */
const OWNERS_SHOWN = 10;

/** After a pass over many customers, where everybody looks: whose steps were not carried out. Empty when all were. */
export function renderUnfinished(report: PassReport, page: Page): string[] {
  if (report.command !== 'apply') return [];
  const owners = [
    { name: 'the fleet', steps: report.fleet.steps },
    ...report.customers.map(({ externalId, steps }) => ({ name: externalId, steps })),
  ];
  const lines = kinds.flatMap((kind) => {
    const left = owners
      .map(({ name, steps }) => ({ name, steps: steps.filter(kind.holds) }))
      .filter(({ steps }) => steps.length > 0);
    const shown = left.slice(0, OWNERS_SHOWN).flatMap(({ name, steps }) => ownersLine(kind, name, steps, page));
    const more = left.length - OWNERS_SHOWN;
    return more > 0 ? [...shown, `${' '.repeat(WORD_WIDTH + 4)}and ${counted(more, 'more customer')}`] : shown;
  });
  return lines.length === 0 ? [] : [page.paint('heading', 'Not carried out'), ...lines];
}

/** `FAILED  birch-books: cap, refill  customers/birch-books.yaml:6`, with the place of the first of them. */
function ownersLine({ word, tone }: Kind, name: string, steps: readonly StepReport[], page: Page): string[] {
  const indent = WORD_WIDTH + 4;
  const head = `  ${word.padEnd(WORD_WIDTH)}  `;
  const [first = '', ...rest] = page.wrap(`${name}: ${steps.map(stepName).join(', ')}`, head, indent);
  const at = steps[0]?.at ?? { file: '', line: 0, column: 0 };
  const [top = '', ...below] = page.endWith([first, ...rest], lineText(at), indent);
  return [`  ${page.paint(tone, word)}${top.slice(2 + word.length)}`, ...below];
}
