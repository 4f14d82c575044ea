import { describe, expect, it } from 'vitest';
import type { Organization } from '../../src/core/api.ts';
import { inventoryOf } from '../../src/core/inventory.ts';
import { organizationMetadata } from '../../src/core/marker.ts';
import { identifyOrganization } from '../../src/core/resources/identification.ts';
import { type CustomerStatus, type ReadStatus, readCustomerStatus } from '../../src/core/status.ts';
import { customer, notices, ORGANIZATION, organization, PARENT } from '../support/declared.ts';

const OTHER = 'org_00000000-0000-4000-8000-000000000001';
const none: ReadStatus<CustomerStatus> = { kind: 'none' };
const recorded = (organizationId: string) =>
  readCustomerStatus(
    { externalId: 'acme', parentOrganizationId: PARENT, declaration: 'sha256:0', phase: 'Ready', organizationId },
    'acme',
    PARENT,
    new Set(['acme']),
  );

function identify(organizations: readonly Organization[], extra = '', status = none, claimed = ['acme']) {
  const declared = customer(`externalId: acme\nname: Acme\n${extra}`);
  return identifyOrganization(declared, inventoryOf(organizations), status, new Set(claimed), notices);
}

const archived = (incarnation = 1) =>
  organization({ status: 'archived', metadata: organizationMetadata('acme', incarnation) });

describe('whose organization it is', () => {
  it('is found by its mark', () => {
    expect(identify([organization()])).toMatchObject({ kind: 'existing', organization: { id: ORGANIZATION } });
  });

  it('is nobody’s when nothing carries the identity, and then one may be created', () => {
    expect(identify([organization({ name: 'Else', metadata: organizationMetadata('else', 1) })])).toEqual({
      kind: 'absent',
    });
  });

  it.each([
    {
      reason: 'two live ones carry the identity',
      organizations: [organization(), organization({ id: OTHER })],
      code: 'DuplicateOrganization',
    },
    {
      reason: 'one carries the identity but not our mark',
      organizations: [organization({ metadata: { externalId: 'acme' } })],
      code: 'AdoptionRequired',
    },
    {
      reason: 'one has the name and no file claims it',
      organizations: [organization({ metadata: {} })],
      code: 'AdoptionRequired',
    },
    {
      reason: 'its identity was edited and status is lost',
      organizations: [organization({ metadata: organizationMetadata('old', 1) })],
      code: 'AdoptionRequired',
    },
    {
      reason: 'another incarnation lives',
      organizations: [organization({ metadata: organizationMetadata('acme', 2) })],
      code: 'IncarnationConflict',
    },
    { reason: 'it was archived', organizations: [archived()], code: 'OrganizationArchived' },
    {
      reason: 'an older one was archived under a higher incarnation',
      organizations: [archived(3)],
      extra: 'incarnation: 2\n',
      code: 'OrganizationArchived',
    },
    {
      reason: 'an archived one of ours lost its mark',
      organizations: [organization({ status: 'archived', metadata: { externalId: 'acme' } })],
      code: 'OrganizationArchived',
    },
  ])('freezes when $reason (I2, I5, I9)', ({ organizations, extra, code }) => {
    expect(identify(organizations, extra)).toMatchObject({ kind: 'frozen', problem: { code } });
  });

  it('is created anew when every older one is archived and the incarnation is higher', () => {
    expect(identify([archived(1), { ...archived(2), id: OTHER }], 'incarnation: 3\n')).toEqual({ kind: 'absent' });
  });

  it('shares a name with another customer’s organization that a file claims', () => {
    const namesake = organization({ metadata: organizationMetadata('else', 1) });
    expect(identify([namesake], '', none, ['acme', 'else'])).toEqual({ kind: 'absent' });
  });

  it('is not concluded from a listing that lacks what status names (I6: a 404 never creates)', () => {
    expect(identify([], '', recorded(ORGANIZATION))).toEqual({
      kind: 'unlisted',
      organizationId: ORGANIZATION,
      namedBy: 'status',
    });
  });

  it('is not changed by editing the identity: status vetoes', () => {
    expect(identify([], '', { kind: 'foreign', externalId: 'old', organizationId: null })).toMatchObject({
      kind: 'frozen',
      problem: { code: 'IdentityChanged' },
    });
  });

  it('is adopted only when the file says so, and never from another customer', () => {
    const byHand = organization({ metadata: {} });
    const adopt = `adopt: { organizationId: ${ORGANIZATION}, grantedCredits: 0 }\n`;
    expect(identify([byHand], adopt)).toMatchObject({ kind: 'adoptable' });
    expect(identify([], adopt)).toMatchObject({ kind: 'unlisted', organizationId: ORGANIZATION, namedBy: 'adopt' });
    expect(identify([organization({ metadata: organizationMetadata('else', 1) })], adopt)).toMatchObject({
      problem: { code: 'AdoptionRefused' },
    });
  });

  it('is adopted as a later incarnation than any that is archived, for grants are told apart by it', () => {
    const world = [organization({ id: OTHER, metadata: {} }), archived(2)];
    const adopt = `adopt: { organizationId: ${OTHER}, grantedCredits: 0 }\n`;
    expect(identify(world, `${adopt}incarnation: 2\n`)).toMatchObject({ problem: { code: 'IncarnationConflict' } });
    expect(identify(world, `${adopt}incarnation: 3\n`)).toMatchObject({ kind: 'adoptable' });
  });
});

describe('a recorded status', () => {
  const block = { externalId: 'acme', parentOrganizationId: PARENT, declaration: 'sha256:0', phase: 'Ready' };
  it.each([
    { reason: 'nothing is recorded', raw: undefined, kind: 'none' },
    { reason: 'it is ours', raw: block, kind: 'usable' },
    { reason: 'it is another parent’s', raw: { ...block, parentOrganizationId: 'org_x' }, kind: 'ignored' },
    { reason: 'it was copied from another file’s customer', raw: { ...block, externalId: 'else' }, kind: 'ignored' },
    { reason: 'it names a customer nobody claims', raw: { ...block, externalId: 'gone' }, kind: 'foreign' },
    { reason: 'it is garbage', raw: { phase: 7 }, kind: 'ignored' },
  ])('is $kind when $reason', ({ raw, kind }) => {
    expect(readCustomerStatus(raw, 'acme', PARENT, new Set(['acme', 'else'])).kind).toBe(kind);
  });
});
