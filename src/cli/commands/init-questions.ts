import type { CommandContext } from '../context.ts';
import { errorPage } from '../pages.ts';

/** Questions of `reconcile init` on a terminal. null is the answer of an input that ends, or of a signal. */

/** A question whose usual answer is yes; null when nobody answers. */
export async function askYes(question: string, context: CommandContext): Promise<boolean | null> {
  const answers = ['y', 'yes', 'n', 'no'];
  const problem = (text: string) => (answers.includes(text.toLowerCase()) ? null : 'It must be y or n.');
  const answer = await askUntil(`${question} [Y/n] `, 'y', problem, context);
  return answer === null ? null : /^y/i.test(answer);
}

export async function askChoice<T extends string>(
  question: string,
  usual: T,
  choices: readonly T[],
  context: CommandContext,
): Promise<T | null> {
  const chosen = (text: string) => choices.find((choice) => choice === text.toLowerCase());
  const problem = (text: string) => (chosen(text) ? null : `It must be one of ${choices.join(', ')}.`);
  const text = await askUntil(question, usual, problem, context);
  return text === null ? null : (chosen(text) ?? usual);
}

/** Asks again, with what is wrong, until an answer can be used. Nothing but Enter takes the usual one. */
export async function askUntil(
  question: string,
  usual: string,
  problemWith: (text: string) => string | null,
  context: CommandContext,
): Promise<string | null> {
  for (;;) {
    const line = await context.prompt(question);
    if (line === null) return null;
    const text = line.trim() === '' ? usual : line.trim();
    const problem = problemWith(text);
    if (problem === null) return text;
    say(context, '  ', problem);
  }
}

export function say(context: CommandContext, first: string, text: string): void {
  const start = first === '' ? '\n' : '';
  context.stderr(`${start}${errorPage(context).wrap(text, first).join('\n')}\n`);
}
