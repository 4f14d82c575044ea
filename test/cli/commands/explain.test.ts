import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/cli/commands/explain.ts';
import { isDocument } from '../support/documents.ts';
import { ACME, boundWorkspace, onboardedWorkspace } from '../support/onboarded.ts';

const text = { output: 'text', color: false, sandbox: false, customer: 'acme-coffee' } as const;
const withoutIds = (printed: string) =>
  printed
    .replace(/\b(org|key)_[0-9a-f-]{36}/g, '$1_…')
    .replace(/lp_live_[A-Z0-9]{16}/g, 'lp_live_…')
    .replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, '<instant>');

describe('reconcile explain', () => {
  it('tells that everything is as declared, since when, and where', async () => {
    const bound = await onboardedWorkspace();
    const context = bound.context();
    expect(await explain({ ...text, directory: bound.directory }, context)).toBe(0);
    expect(withoutIds(context.printed.out)).toContain(
      [
        'acme-coffee  org_…  Ready',
        '',
        '  done      organization',
        '      org_…, named "Acme Coffee", is active.',
        '      since <instant>  customers/acme-coffee.yaml:1',
        '',
        '  done      credits',
      ].join('\n'),
    );
    expect(context.printed.out.split('\n').filter((line) => line.length > 80 && !line.includes('file:'))).toEqual([]);
  });

  it('is one valid document with --output json', async () => {
    const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME });
    const context = bound.context();
    expect(await explain({ ...text, output: 'json', directory: bound.directory }, context)).toBe(0);
    const document = JSON.parse(context.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document.customer.steps.map(({ state }: { state: string }) => state)).toEqual(Array(5).fill('next'));
  });

  it('says who was meant when nobody is called so', async () => {
    const bound = await boundWorkspace({ 'customers/acme-coffee.yaml': ACME });
    const context = bound.context();
    expect(await explain({ ...text, customer: 'acme-cofee', directory: bound.directory }, context)).toBe(1);
    expect(context.printed.err).toContain('Did you mean "acme-coffee"?');
  });

  it.each([
    { reason: 'no file declares the customer', customer: 'birch', exitCode: 1, code: 'UnknownCustomer' },
    { reason: 'its file cannot be used', customer: 'cedar', exitCode: 3, code: 'InvalidFile' },
  ])('says that $reason', async ({ customer, exitCode, code }) => {
    const bound = await boundWorkspace({
      'customers/acme-coffee.yaml': ACME,
      'customers/cedar.yaml': 'externalId: cedar\nname: Cedar\ncap: -5\n',
    });
    const context = bound.context();
    expect(await explain({ ...text, customer, directory: bound.directory }, context)).toBe(exitCode);
    expect(context.printed.err).toContain(code);
    const asJson = bound.context();
    await explain({ ...text, output: 'json', customer, directory: bound.directory }, asJson);
    const document = JSON.parse(asJson.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document).toMatchObject({ customer: null, refused: { code } });
  });
});
