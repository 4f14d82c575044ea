import { describe, expect, it } from 'vitest';
import { renderText } from '../../../src/cli/render/text.ts';
import { approvalHash, identityOf, planHash, planText, readPlanText } from '../../../src/core/plan-hash.ts';
import type { PassReport } from '../../../src/core/report.ts';
import { sha256 } from '../../../src/effects/chance.ts';
import { customer, report, step } from '../../support/reports.ts';

const raise = (after: number) =>
  step({
    action: 'grant',
    resource: 'credits',
    name: null,
    before: { granted: 5000 },
    after: { granted: after },
    credits: after - 5000,
    blockedBy: 'maxGrant',
    outcome: 'blocked',
  });
const birch = customer({ externalId: 'birch-books', file: 'customers/birch-books.yaml', steps: [step()] });

/** The error as it is printed when these customers were approved and `now` is planned. */
function refusal(approved: PassReport['customers'], now: PassReport['customers']): string {
  const stale = planHash(approved, sha256) ?? '';
  const known = new Map([
    [stale, approved.flatMap(({ externalId, steps }) => steps.map((one) => identityOf(externalId, one)))],
  ]);
  const text = renderText(report({ customers: now, staleApprovals: [stale] }), { color: false, approved: known });
  return /StaleApproval.*?\n\n/s.exec(text)?.[0] ?? '';
}

describe('the refusal of a stale approval', () => {
  it('shows the steps as they were approved and as they are planned now', () => {
    expect(refusal([customer({ steps: [raise(8000)] })], [customer({ steps: [step(), raise(9000)] })])).toContain(
      `    - acme-coffee: grant 3,000 credits
        granted  5,000 → 8,000
    + acme-coffee: grant 4,000 credits
        granted  5,000 → 9,000
    (- was approved, + is planned now)
`,
    );
  });

  it('leaves out the customers of a plan that are what they were', () => {
    const text = refusal([customer({ steps: [raise(8000)] }), birch], [customer({ steps: [raise(9000)] }), birch]);
    expect(text).toContain('acme-coffee');
    expect(text).not.toContain('birch-books');
  });

  it('shows what was not there when the plan was approved', () => {
    const before = [customer({ steps: [raise(8000)] })];
    const text = refusal(before, [...before, birch]);
    expect(text).toContain('    + birch-books: cap\n        cap  5,000 → 12,000\n    (+ is planned now as well)');
  });

  it('says so where the approved plan is not known', () => {
    const stale = report({ customers: [birch], staleApprovals: [sha256('elsewhere')] });
    expect(renderText(stale, { color: false })).toContain('what it was given for is not known in this workspace');
  });
});

describe('the text that a hash is made of', () => {
  it('reads back as the steps that it names, for any customer', () => {
    const one = customer({ steps: [raise(8000)] });
    const text = planText([one]) ?? '';
    expect(sha256(text)).toBe(approvalHash(one, sha256));
    expect(readPlanText(text)).toEqual([identityOf('acme-coffee', raise(8000))]);
  });

  it('is not taken from anything else', () => {
    for (const text of ['', '{}', '["{}"]', '[1]', '["not json"]']) expect(readPlanText(text)).toBeNull();
  });
});
