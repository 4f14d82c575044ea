import { approvalHash } from '../../src/core/plan-hash.ts';
import type { StepReport } from '../../src/core/report.ts';
import { sha256 } from '../../src/effects/chance.ts';
import type { Stage } from '../support/machine.ts';
import { step } from '../support/reports.ts';
import { ACME } from '../support/world.ts';

/** What most walks begin with. */

export const FILE = 'customers/acme-coffee.yaml';
export const HOUR_MS = 3_600_000;

/** The public guide's customer under another name. */
export const BOLT = ACME.replaceAll('acme', 'bolt').replaceAll('Acme', 'Bolt');

/** Onboards a customer, and lets two hours pass. */
export async function onboarded(stage: Stage, yaml = ACME): Promise<void> {
  stage.save(FILE, yaml);
  await passesUntilSettled(stage);
  stage.wait(2 * HOUR_MS);
}

const PASSES_MAX = 4;

/** One pass, or more of them ten minutes apart where reads are late. */
async function passesUntilSettled(stage: Stage): Promise<void> {
  for (let passes = 1; passes <= PASSES_MAX; passes += 1) {
    const { customers } = await stage.pass();
    if (customers.every(({ phase }) => phase !== 'Held')) return;
    if (passes < PASSES_MAX) stage.wait(HOUR_MS / 6);
  }
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

/** A customer of whom nothing moves but its credits. */
export const PLAIN = 'externalId: acme-coffee\nname: Acme Coffee\ncredits: 5000\n';

/** Another customer, to which nothing happens. */
export const BYSTANDER = 'externalId: bolt-coffee\nname: Bolt Coffee\ncredits: 500\n';

/** The organization of the only customer that is not archived. */
export function organizationOf({ sandbox }: Stage): string {
  const found = sandbox
    .snapshot()
    .organizations.find(({ parentOrganizationId, status }) => parentOrganizationId !== null && status !== 'archived');
  if (!found) throw new Error('there is no live organization');
  return found.id;
}

/** The hash that approves exactly these steps of a customer; it depends on no id and no time. */
export function approvalOf(...steps: readonly Partial<StepReport>[]): string {
  const blocked = steps.map((fields) => step({ name: null, before: null, ...fields, blockedBy: 'a guard' }));
  return approvalHash({ externalId: 'acme-coffee', steps: blocked }, sha256) ?? '';
}

/** Below the lines that bind the workspace, its status kept. */
export function guard(stage: Stage, line: string): void {
  stage.edit('reconcile.yaml', (text) => `guards:\n  ${line}\n${text}`);
}

/** Saves the file as it is: its status, which hands of other people made untrue, is from here on input like any other. */
export function savedAgain(stage: Stage): void {
  stage.edit(FILE, (text) => text);
}
