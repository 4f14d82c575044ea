import { describe, expect, it } from 'vitest';
import { resolve } from '../../../src/cli/commands/resolve.ts';
import { systemChance } from '../../../src/effects/chance.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { acquireLock } from '../../../src/effects/lock.ts';
import { fakeContext } from '../support/context.ts';
import { ACME, onboardedWorkspace } from '../support/onboarded.ts';
import { textOf, workspace } from '../support/workspace.ts';

const options = { color: false, sandbox: false, yes: false, customer: 'acme-coffee' } as const;
const FILE = 'customers/acme-coffee.yaml';

describe('reconcile resolve', () => {
  it('prints what is recorded, asks, and takes exactly that out of the file', async () => {
    const { directory, sandbox } = await onboardedWorkspace();
    const requests = sandbox.requests().length;
    const questions: string[] = [];
    const context = {
      ...fakeContext(),
      isTerminal: true,
      ask: async (question: string) => {
        questions.push(question);
        return true;
      },
    };
    expect(await resolve({ ...options, directory }, context)).toBe(0);
    expect(questions).toHaveLength(1);
    expect(context.printed.out).toContain('  phase: Ready');
    expect(textOf(directory, FILE)).toBe(ACME);
    expect(sandbox.requests()).toHaveLength(requests);
  });

  it('costs nothing: the next pass finds everything by its marks', async () => {
    const bound = await onboardedWorkspace();
    const before = textOf(bound.directory, FILE);
    expect(await resolve({ ...options, yes: true, directory: bound.directory }, fakeContext())).toBe(0);
    const operations = bound.sandbox.snapshot().operations.length;
    expect(await bound.pass()).toBe(0);
    expect(bound.sandbox.snapshot().operations).toHaveLength(operations);
    expect(textOf(bound.directory, FILE).replace(/lastTransitionTime: "[^"]*"/, '')).toBe(
      before.replace(/lastTransitionTime: "[^"]*"/, ''),
    );
  });

  it.each([
    { reason: 'the person says no', isTerminal: true, said: 'Nothing was discarded' },
    { reason: 'nobody is there to ask', isTerminal: false, said: 'Say --yes' },
  ])('leaves it alone when $reason', async ({ isTerminal, said }) => {
    const { directory } = await onboardedWorkspace();
    const before = textOf(directory, FILE);
    const context = { ...fakeContext(), isTerminal };
    expect(await resolve({ ...options, directory }, context)).toBe(1);
    expect(context.printed.out + context.printed.err).toContain(said);
    expect(textOf(directory, FILE)).toBe(before);
  });

  it('has nothing to do where nothing is recorded', async () => {
    const context = fakeContext();
    expect(await resolve({ ...options, directory: workspace({ [FILE]: ACME }) }, context)).toBe(0);
    expect(context.printed.out).toBe('Nothing is recorded about acme-coffee.\n');
  });

  it.each([
    { reason: 'a customer that no file declares', customer: 'birch', exitCode: 1, said: '"birch"' },
    { reason: 'a file that cannot be used', customer: 'cedar', exitCode: 3, said: 'customers/cedar.yaml:3:' },
  ])('refuses $reason', async ({ customer, exitCode, said }) => {
    const directory = workspace({ [FILE]: ACME, 'customers/cedar.yaml': 'externalId: cedar\nname: Cedar\ncap: -5\n' });
    const context = fakeContext();
    expect(await resolve({ ...options, customer, yes: true, directory }, context)).toBe(exitCode);
    expect(context.printed.err).toContain(said);
  });

  it('waits for nobody who holds the lock', async () => {
    const { directory } = await onboardedWorkspace();
    const state = `${directory}/.reconcile`;
    const held = await acquireLock({ directory: state, command: 'test', clock: systemClock, chance: systemChance });
    if (!held.ok) throw new Error(held.message);
    const before = textOf(directory, FILE);
    expect(await resolve({ ...options, yes: true, directory }, fakeContext())).toBe(7);
    expect(textOf(directory, FILE)).toBe(before);
    held.lock.release();
  });

  it('shows nothing that moves the cursor or has the shape of a secret', async () => {
    const forged = `status: { note: "\\u001b[2Jlp_live_ABCDEFGHJKMNPQRS_0123456789abcdefghij" }\n`;
    const context = fakeContext();
    expect(await resolve({ ...options, yes: true, directory: workspace({ [FILE]: ACME + forged }) }, context)).toBe(0);
    expect(context.printed.out).not.toContain('\u001b');
    expect(context.printed.out).not.toContain('0123456789abcdefghij');
  });
});
