import { styleText } from 'node:util';

export type Tone = 'add' | 'change' | 'remove' | 'money' | 'trouble' | 'heading' | 'quiet';

/** Paints a piece of text; without colour it is the identity. Every colour stands beside a word that says the same. */
export type Paint = (tone: Tone, text: string) => string;

const styles = {
  add: 'green',
  change: 'yellow',
  remove: 'red',
  money: 'magenta',
  trouble: 'red',
  heading: 'bold',
  quiet: 'dim',
} as const;

/** The caller has looked at NO_COLOR and at the terminal: here `color` is taken at its word. */
export function createPaint(color: boolean): Paint {
  if (!color) return (_tone, text) => text;
  return (tone, text) => styleText(styles[tone], text, { validateStream: false });
}
