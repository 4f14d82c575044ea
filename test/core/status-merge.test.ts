import { describe, expect, test } from 'vitest';
import { mergeCustomerStatus, mergeFleetStatus } from '../../src/core/status-merge.ts';

const ours = { externalId: 'acme', parentOrganizationId: 'org_p', declaration: 'sha256:1', phase: 'Held' };
const theirs = { ...ours, phase: 'Ready', organizationId: 'org_a', credits: { declared: 9, granted: 9, slots: 2 } };

describe('two statuses of one customer', () => {
  test('are the later one, with the higher counts', () => {
    const mine = { ...ours, organizationId: 'org_a', credits: { declared: 20, granted: 4, slots: 3 } };
    expect(mergeCustomerStatus(mine, theirs)).toEqual({ ...mine, credits: { declared: 20, granted: 9, slots: 3 } });
  });

  test('keep an organization that only one of them knows: forgetting it would take a veto away', () => {
    expect(mergeCustomerStatus(ours, theirs)).toMatchObject({ organizationId: 'org_a', phase: 'Held' });
  });

  test('keep keys whose names only one of them knows, and the highest ordinal of the others', () => {
    const mine = { ...theirs, keys: [{ name: 'k', id: 'key_2', seen: 2 }] };
    const other = {
      ...theirs,
      keys: [
        { name: 'k', id: 'key_1', seen: 5 },
        { name: 'gone', id: 'key_9', seen: 1 },
      ],
    };
    expect(mergeCustomerStatus(mine, other)).toMatchObject({
      keys: [
        { name: 'k', id: 'key_2', seen: 5 },
        { name: 'gone', id: 'key_9' },
      ],
    });
  });

  test.each([
    ['nothing is recorded yet', null],
    ['the other is no status', { phase: 'Sleeping' }],
    ['the other knows no organization', ours],
    ['the other is of another organization, made anew', { ...theirs, organizationId: 'org_b' }],
    ['the other is of another parent', { ...theirs, parentOrganizationId: 'org_q' }],
    ['the other is of another customer', { ...theirs, externalId: 'birch' }],
    ['the other counts no higher', { ...theirs, credits: { declared: 9, granted: 1, slots: 1 } }],
  ])('are ours, members unknown to this version included, where %s', (_reason, other) => {
    const mine = { ...ours, organizationId: 'org_a', credits: { declared: 2, granted: 2, slots: 1 }, later: { x: 1 } };
    expect(mergeCustomerStatus(mine, other)).toBe(mine);
  });

  test('merged a second time stay the same', () => {
    const once = mergeCustomerStatus(ours, theirs);
    expect(mergeCustomerStatus(once, theirs)).toEqual(once);
    expect(mergeCustomerStatus(once, once)).toBe(once);
  });
});

test('two statuses of the fleet keep every webhook and its highest ordinal', () => {
  const mine = { parentOrganizationId: 'org_p', webhooks: [{ name: 'a', id: '1', seen: 1 }] };
  const other = {
    parentOrganizationId: 'org_p',
    webhooks: [
      { name: 'a', id: '1', seen: 3 },
      { name: 'b', id: '2' },
    ],
  };
  expect(mergeFleetStatus(mine, other)).toMatchObject({
    webhooks: [
      { name: 'a', seen: 3 },
      { name: 'b', id: '2' },
    ],
  });
  expect(mergeFleetStatus(mine, { ...other, parentOrganizationId: 'org_q' })).toBe(mine);
});
