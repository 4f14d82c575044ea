import { describe, expect, it } from 'vitest';
import type { Organization } from '../../../src/core/api.ts';
import { judgeOrganizations } from '../../../src/core/import/candidates.ts';
import { proposeExternalId } from '../../../src/core/import/propose-external-id.ts';
import { inventoryOf } from '../../../src/core/inventory.ts';
import { organizationMetadata } from '../../../src/core/marker.ts';
import type { BrokenFile, SourcedCustomer } from '../../../src/core/source.ts';
import { customer, ORGANIZATION, organization } from '../../support/declared.ts';

const OTHER = 'org_00000000-0000-4000-8000-000000000001';
const byHand = (fields: Partial<Organization> = {}) => organization({ metadata: {}, ...fields });

function judge(organizations: readonly Organization[], customers: SourcedCustomer[] = [], broken: BrokenFile[] = []) {
  return judgeOrganizations({ customers, broken }, inventoryOf(organizations));
}

describe('what may get a file', () => {
  it.each([
    {
      reason: 'made by hand, and named after itself',
      of: [byHand({ name: 'Café Nord & Söhne' })],
      is: { externalId: 'cafe-nord-sohne', origin: 'by-hand', incarnation: 1 },
    },
    {
      reason: 'made by hand, and it says its identity',
      of: [byHand({ metadata: { externalId: 'Acme:1' } })],
      is: { externalId: 'Acme:1', origin: 'by-hand' },
    },
    {
      reason: 'marked, and its file was lost',
      of: [organization({ metadata: organizationMetadata('acme', 3) })],
      is: { externalId: 'acme', origin: 'lost-file', incarnation: 3 },
    },
    {
      reason: 'made by hand where an earlier one was archived, whose grants must be told apart',
      of: [
        byHand({ metadata: { externalId: 'acme' } }),
        organization({ id: OTHER, status: 'archived', metadata: organizationMetadata('acme', 2) }),
      ],
      is: { externalId: 'acme', origin: 'by-hand', incarnation: 3 },
    },
  ])('$reason', ({ of, is }) => {
    expect(judge(of)).toContainEqual(expect.objectContaining({ kind: 'importable', ...is }));
  });

  it('is not what a file declares, adopts, or is broken about', () => {
    const adopting = customer(`externalId: b\nname: B\nadopt: { organizationId: ${OTHER}, grantedCredits: 0 }\n`);
    const broken = { file: 'customers/c.yaml', externalId: 'c', problems: [] };
    const marked = { id: 'org_00000000-0000-4000-8000-000000000002', metadata: organizationMetadata('c', 1) };
    const judged = judge(
      [organization(), byHand({ id: OTHER, name: 'B' }), organization(marked)],
      [customer(), adopting],
      [broken],
    );
    expect(judged.map(({ kind }) => kind)).toEqual(['declared', 'declared', 'declared']);
  });

  it('is not what is archived', () => {
    expect(judge([byHand({ status: 'archived' })])).toMatchObject([{ kind: 'archived' }]);
  });

  it.each([
    {
      reason: 'its identity cannot be one',
      of: [byHand({ metadata: { externalId: 'cust/1' } })],
      why: /cannot be the externalId/,
    },
    {
      reason: 'two live ones say the same identity',
      of: [organization(), byHand({ id: OTHER, metadata: { externalId: 'acme' } })],
      why: /2 live organizations/,
    },
    {
      reason: 'a file has its identity in another case',
      of: [byHand({ metadata: { externalId: 'ACME' } })],
      why: /only in case/,
    },
    {
      reason: 'a file has its identity and does not adopt it',
      of: [byHand({ metadata: { externalId: 'acme' } })],
      why: /does not say so/,
    },
    {
      reason: 'a file has its name, and no organization yet',
      of: [byHand()],
      why: /does not say so/,
    },
  ])('is left to a person when $reason', ({ of, why }) => {
    const [judged] = judge(of, of.length === 1 && of[0]?.metadata['externalId'] !== 'cust/1' ? [customer()] : []);
    expect(judged).toMatchObject({ kind: 'refused', why: expect.stringMatching(why) });
  });

  it('is a namesake of a customer that has its organization, under a name of its own', () => {
    const judged = judge([organization(), byHand({ id: OTHER })], [customer()]);
    expect(judged).toContainEqual(expect.objectContaining({ kind: 'importable', externalId: 'acme-2' }));
    expect(judged.map((one) => one.organization.id)).toEqual([ORGANIZATION, OTHER]);
  });
});

describe('a proposed identity', () => {
  it.each([
    ['Acme Coffee, Inc.', 'acme-coffee-inc'],
    ['  --  ', 'customer'],
    ['東京', 'customer'],
    ['x'.repeat(200), 'x'.repeat(60)],
  ])('of %s is %s', (name, expected) => {
    expect(proposeExternalId(name, new Set())).toBe(expected);
  });

  it('is never one that exists, in any case', () => {
    expect(proposeExternalId('Acme', new Set(['acme', 'acme-2']))).toBe('acme-3');
  });
});
