import { describe, expect, it } from 'vitest';
import { organizationMetadata } from '../../src/core/marker.ts';
import { vetoOnOrganization } from '../../src/core/resources/organization.ts';
import { customer, notices, organization, PARENT } from '../support/declared.ts';

const veto = (fields: Parameters<typeof organization>[0]) =>
  vetoOnOrganization(customer(), organization(fields), PARENT, notices)?.code ?? null;

describe('an organization read afresh (I6)', () => {
  it('is written to when it carries the mark, under the bound parent', () => {
    expect(veto({})).toBeNull();
    expect(veto({ parentOrganizationId: PARENT.replace('org_', '') })).toBeNull();
  });

  it.each([
    {
      reason: 'it is a child of another parent',
      fields: { parentOrganizationId: 'org_x' },
      code: 'ForeignOrganization',
    },
    { reason: 'it names no parent', fields: { parentOrganizationId: null }, code: 'ForeignOrganization' },
    { reason: 'its mark is gone', fields: { metadata: {} }, code: 'MarkChanged' },
    {
      reason: 'only the identity is left of its mark',
      fields: { metadata: { externalId: 'acme' } },
      code: 'MarkChanged',
    },
    {
      reason: 'it is marked for somebody else',
      fields: { metadata: organizationMetadata('else', 1) },
      code: 'MarkChanged',
    },
    { reason: 'it is another incarnation', fields: { metadata: organizationMetadata('acme', 2) }, code: 'MarkChanged' },
    { reason: 'nobody knows its state', fields: { status: 'unknown' as const }, code: 'UnknownState' },
    { reason: 'it is archived', fields: { status: 'archived' as const }, code: 'OrganizationArchived' },
  ])('is left alone when $reason', ({ fields, code }) => {
    expect(veto(fields)).toBe(code);
  });
});
