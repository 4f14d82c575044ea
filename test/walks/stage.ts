import type { Stage } from '../support/machine.ts';
import { ACME } from '../support/world.ts';

/** What most walks begin with. */

export const FILE = 'customers/acme-coffee.yaml';
export const HOUR_MS = 3_600_000;

/** The public guide's customer under another name. */
export const BOLT = ACME.replaceAll('acme', 'bolt').replaceAll('Acme', 'Bolt');

/** Onboards a customer, and lets two hours pass. */
export async function onboarded(stage: Stage, yaml = ACME): Promise<void> {
  stage.save(FILE, yaml);
  await stage.pass();
  stage.wait(2 * HOUR_MS);
}

/** Edits text in its place; a text that is not there would make a walk that walks nowhere. */
export function replace(from: string, to: string): (text: string) => string {
  return (text) => {
    if (!text.includes(from)) throw new Error(`there is no ${from} in:\n${text}`);
    return text.replace(from, to);
  };
}

/** Without its status block. */
export function withoutStatus(text: string): string {
  return text.slice(0, text.search(/^status:/m));
}

/** An hour ago, as people write it. */
export function anHourAgo({ sandbox }: Stage): string {
  return new Date(sandbox.clock.now() - HOUR_MS).toISOString().replace(/\.\d+/, '');
}
