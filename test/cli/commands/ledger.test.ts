import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyLedger } from '../../../src/cli/commands/ledger.ts';
import { isDocument } from '../support/documents.ts';
import { onboardedWorkspace } from '../support/onboarded.ts';
import { workspace } from '../support/workspace.ts';

const text = { output: 'text', color: false, sandbox: false } as const;
const json = { ...text, output: 'json' } as const;

describe('reconcile ledger verify', () => {
  it('says in a table and a sentence that all agree', async () => {
    const bound = await onboardedWorkspace();
    const context = bound.context();
    expect(await verifyLedger({ ...text, directory: bound.directory }, context)).toBe(0);
    expect(context.printed.out.split('\n')).toEqual([
      'CUSTOMER     GRANTS  CREDITED  DEBITED  BY OTHERS  NOTE',
      'acme-coffee       1     5,000    5,000          0',
      'birch             1       300      300          0',
      '',
      '2 organizations, 2 grants of 5,300 credits in all; the journal tells of 2',
      'answered grants. Both ledgers and the journal agree.',
      '',
    ]);
  });

  it('names what differs, and answers 1', async () => {
    const bound = await onboardedWorkspace();
    const state = bound.sandbox.snapshot();
    bound.sandbox.restore({ ...state, ledger: state.ledger.filter(({ credits }) => credits !== -300) });
    const context = bound.context();
    expect(await verifyLedger({ ...text, directory: bound.directory }, context)).toBe(1);
    expect(context.printed.out).toContain('difference  NoDebit\n  birch  slot 0  org_');
    expect(context.printed.out).toContain('Nothing was changed.');
    expect(context.printed.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('does not call agreed what it could not read', async () => {
    const bound = await onboardedWorkspace();
    const journal = join(bound.directory, '.reconcile/journal.jsonl');
    rmSync(journal);
    mkdirSync(journal);
    const context = bound.context();
    expect(await verifyLedger({ ...text, directory: bound.directory }, context)).toBe(1);
    expect(context.printed.out).toMatch(/difference {2}JournalUnreadable\n {2}could not read the journal/);
    expect(context.printed.out).not.toContain('agree');
  });

  it('is one valid document with --output json, also when nothing could be compared', async () => {
    const bound = await onboardedWorkspace();
    const good = bound.context();
    expect(await verifyLedger({ ...json, directory: bound.directory }, good)).toBe(0);
    const document = JSON.parse(good.printed.out);
    expect(isDocument(document)).toBe(true);
    expect(document).toMatchObject({ command: 'ledger-verify', refused: null, differences: [] });

    const unbound = bound.context();
    const elsewhere = workspace({ 'customers/a.yaml': 'externalId: a\nname: A\n' });
    expect(await verifyLedger({ ...json, directory: elsewhere }, unbound)).toBe(1);
    const refusal = JSON.parse(unbound.printed.out);
    expect(isDocument(refusal)).toBe(true);
    expect(refusal.refused).toMatchObject({ code: 'NotBound' });
  });
});
