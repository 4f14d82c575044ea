import { blockerName } from '../../core/guard.ts';
import type { ResourceKind, Step, StepAction } from '../../core/plan.ts';
import type { StepOutcome, StepReport } from '../../core/report.ts';
import { lineText } from '../../core/source.ts';
import { consequencesOf } from './consequences.ts';
import { renderFields } from './fields.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';
import type { Tone } from './palette.ts';

interface Sign {
  readonly symbol: string;
  /** Stands beside the symbol, for logs and for people who see no colours. */
  readonly word: string;
  readonly tone: Tone;
}

const signs: Readonly<Record<StepAction, Sign>> = {
  create: { symbol: '+', word: 'create', tone: 'add' },
  change: { symbol: '~', word: 'change', tone: 'change' },
  grant: { symbol: '$', word: 'grant', tone: 'money' },
  mint: { symbol: '*', word: 'mint', tone: 'add' },
  rotate: { symbol: '*', word: 'rotate', tone: 'change' },
  revoke: { symbol: '-', word: 'revoke', tone: 'remove' },
  adopt: { symbol: '=', word: 'adopt', tone: 'change' },
  suspend: { symbol: '~', word: 'suspend', tone: 'change' },
  resume: { symbol: '~', word: 'resume', tone: 'change' },
  archive: { symbol: '-', word: 'archive', tone: 'remove' },
  remove: { symbol: '-', word: 'remove', tone: 'remove' },
};

const blocked: Sign = { symbol: '!', word: 'blocked', tone: 'trouble' };
const inDoubt: Sign = { symbol: '?', word: 'in doubt', tone: 'trouble' };

const resources: Readonly<Record<ResourceKind, string>> = {
  organization: 'organization',
  credits: 'credits',
  'credit-config': 'credit config',
  'api-key': 'API key',
  webhook: 'webhook',
};

const outcomes: Readonly<Record<StepOutcome, string | null>> = {
  planned: null,
  done: 'done',
  failed: 'FAILED',
  'in-doubt': null,
  blocked: null,
  'not-started': 'not started',
};

const WORD_WIDTH = inDoubt.word.length;
const INDENT = 6;

/** True when a guard holds the step back, whether the pass has said so in its outcome yet or not. */
export function isBlocked({ outcome, blockedBy }: StepReport): boolean {
  return outcome === 'blocked' || (outcome === 'planned' && blockedBy !== null);
}

/**
 * What is done to what, its fields, why, and the place in the file that asks for it. Without `why` where a heading says
 * it for all the steps below.
 */
export function renderStep(step: StepReport, page: Page, why: boolean = true): string[] {
  const { symbol, word, tone } = signOf(step);
  const sign = `${symbol} ${word.padEnd(WORD_WIDTH)}`;
  const heading = `  ${sign}  `;
  const credits = step.credits > 0 ? counted(step.credits, 'credit') : '';
  // The amount stands at the right margin, so that amounts of different steps can be compared.
  const [firstLine = '', ...more] = page.wrap(describe(step), heading, heading.length);
  const lines = [...(credits === '' ? [firstLine] : page.margins(firstLine, credits)), ...more];
  const body = [
    ...lines,
    ...renderFields(step.before, step.after, INDENT, page),
    ...consequencesOf(step).flatMap((sentence) => page.wrap(sentence, ' '.repeat(INDENT), INDENT + 2)),
    ...(isBlocked(step) && step.blockedBy !== null
      ? page.wrap(`held back by ${blockerName(step.blockedBy)}`, ' '.repeat(INDENT))
      : []),
    ...(step.detail === null || step.detail === step.blockedBy ? [] : page.wrapLines(step.detail, ' '.repeat(INDENT))),
    ...(why ? page.wrap(`because ${step.reason}`, ' '.repeat(INDENT), INDENT + 2) : []),
  ];
  const [head = '', ...rest] = page.endWith(body, lineText(step.at), INDENT);
  return [`  ${page.paint(tone, sign)}${head.slice(2 + sign.length)}`, ...rest];
}

function signOf(step: StepReport): Sign {
  if (isBlocked(step)) return blocked;
  if (step.outcome === 'in-doubt') return inDoubt;
  // Whatever moves credits out of the parent wallet is money, a refill that fills up at once too.
  return step.credits > 0 ? { ...signs.grant, word: signs[step.action].word } : signs[step.action];
}

function describe(step: StepReport): string {
  const what = resourceName(step);
  const hidesAction = isBlocked(step) || step.outcome === 'in-doubt';
  const outcome = outcomes[step.outcome];
  return `${hidesAction ? `${signs[step.action].word} ${what}` : what}${outcome === null ? '' : `: ${outcome}`}`;
}

/** `grant 5,000 credits`, `cap`: what a step does, in a list of steps. */
export function stepName(step: Pick<Step, 'action' | 'resource' | 'name' | 'credits'>): string {
  if (step.action === 'grant') return `grant ${counted(step.credits, 'credit')}`;
  const name = step.action === 'change' ? resourceName(step) : `${signs[step.action].word} ${resourceName(step)}`;
  return step.credits === 0 ? name : `${name} (${counted(step.credits, 'credit')})`;
}

/** `API key "acme-integration"`, `organization`; of the credit config the setting, `cap`. */
export function resourceName({ resource, name }: Pick<Step, 'resource' | 'name'>): string {
  if (resource === 'credit-config' && name !== null) return name;
  return name === null ? resources[resource] : `${resources[resource]} "${name}"`;
}
