import { describe, expect, it } from 'vitest';
import { status } from '../../../src/cli/commands/status.ts';
import { fakeContext } from '../support/context.ts';
import { isDocument } from '../support/documents.ts';
import { onboardedWorkspace } from '../support/onboarded.ts';

const text = { output: 'text', color: false, sandbox: false, live: true } as const;

describe('reconcile status --live', () => {
  it('adds what each organization holds now, and sends nothing but GET', async () => {
    const bound = await onboardedWorkspace();
    const before = JSON.stringify(bound.sandbox.snapshot().operations);
    const context = bound.context();
    expect(await status({ ...text, directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out.split('\n').slice(0, -1)).toEqual([
      'CUSTOMER     PHASE  GRANTED  DECLARED  BALANCE  AVAILABLE  REASON',
      'acme-coffee  Ready    5,000     5,000    5,000      5,000  Converged',
      'birch        Ready      300       300      300        300  Converged',
      '',
      '2 customers: 2 Ready.',
      '5,300 of 5,300 credits granted, 5,300 available.',
    ]);
    expect(JSON.stringify(bound.sandbox.snapshot().operations)).toBe(before);
  });

  it('says of an organization that is gone that it cannot be read, in a valid document too', async () => {
    const bound = await onboardedWorkspace();
    const state = bound.sandbox.snapshot();
    const gone = state.organizations.find(({ name }) => name === 'Birch Books')?.id;
    bound.sandbox.restore({ ...state, organizations: state.organizations.filter(({ id }) => id !== gone) });
    const context = bound.context();
    expect(await status({ ...text, output: 'json', directory: bound.directory }, context)).toBe(0);
    const document = JSON.parse(context.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document.customers[0].live).toEqual({ balance: 5000, available: 5000, problem: null });
    expect(document.customers[1].live).toMatchObject({ balance: null, problem: expect.stringMatching(/./) });
  });

  it('needs an API key, unlike without --live', async () => {
    const bound = await onboardedWorkspace();
    const context = fakeContext();
    expect(await status({ ...text, directory: bound.directory }, context)).toBe(1);
    expect(context.printed.err).toContain('There is no API key.');
    expect(await status({ ...text, live: false, directory: bound.directory }, fakeContext())).toBe(0);
  });
});
