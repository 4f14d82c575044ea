import { printable } from '../../core/declaration/yaml/printable.ts';
import type { ExplainedState, ExplainedStep, Explanation } from '../../core/explain/explain.ts';
import { lineText } from '../../core/source.ts';
import type { Page } from './page.ts';
import type { Tone } from './palette.ts';
import { renderProblem } from './problem.ts';
import { resourceName } from './step.ts';

const states: Readonly<Record<ExplainedState, { readonly word: string; readonly tone: Tone }>> = {
  done: { word: 'done', tone: 'add' },
  next: { word: 'next', tone: 'change' },
  waiting: { word: 'waiting', tone: 'change' },
  blocked: { word: 'blocked', tone: 'trouble' },
  'in-doubt': { word: 'in doubt', tone: 'trouble' },
  stuck: { word: 'stuck', tone: 'trouble' },
  unknown: { word: 'unknown', tone: 'trouble' },
};

const WORD_WIDTH = 'in doubt'.length;
const INDENT = 6;

/** One customer, step by step: what is known, what is not, since when, what comes by itself, and what settles it. */
export function renderExplanation(explanation: Explanation, page: Page): string {
  const { externalId, organizationId, phase, steps, warnings } = explanation;
  const [first = '', ...more] = page.row([externalId, ...(organizationId === null ? [] : [organizationId]), phase], 2);
  const name = printable(externalId);
  const blocks = [
    [page.paint('heading', name) + first.slice(name.length), ...more],
    ...steps.map((step) => renderStep(step, page)),
    ...warnings.map((problem) => renderProblem(problem, page)),
  ];
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function renderStep(step: ExplainedStep, page: Page): string[] {
  const { word, tone } = states[step.state];
  const space = ' '.repeat(INDENT);
  const heading = `  ${page.paint(tone, word)}${' '.repeat(WORD_WIDTH - word.length)}  ${resourceName(step)}`;
  const body = [
    ...page.wrap(step.known, space),
    ...(step.unknown === null ? [] : page.wrap(`Not known: ${step.unknown}`, space, INDENT + 2)),
    ...(step.since === null ? [] : [`${space}since ${step.since}`]),
    // What is as declared needs no sentence that says so.
    ...(step.state === 'done' ? [] : page.wrap(`By itself: ${step.next}`, space, INDENT + 2)),
    ...(step.settledBy === null ? [] : page.wrapLines(`Settled by: ${step.settledBy}`, space, INDENT + 2)),
  ];
  return [heading, ...page.endWith(body, lineText(step.at), INDENT)];
}
