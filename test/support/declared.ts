import type { ApiKey, LedgerEvent, Organization } from '../../src/core/api.ts';
import { readCustomer } from '../../src/core/declaration/read.ts';
import { type GrantMarker, grantDescription, grantMetadata, organizationMetadata } from '../../src/core/marker.ts';
import { noticesFor } from '../../src/core/notice.ts';
import type { SourcedCustomer } from '../../src/core/source.ts';

/** Objects for tests of the pure core, each with everything but what the test says. */

export const PARENT = 'org_2481fa5c-a404-44ed-a561-565392499abc';
export const ORGANIZATION = 'org_d4e5f6a7-8b9c-4d0e-9f2a-3b4c5d6e7f80';

export function customer(yaml = 'externalId: acme\nname: Acme\n'): SourcedCustomer {
  const reading = readCustomer('customers/acme.yaml', yaml);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { declaration, positions } = reading;
  return { declaration, positions, file: 'customers/acme.yaml', hash: 'sha256:0', status: undefined };
}

export const notices = noticesFor(customer());

export function organization(fields: Partial<Organization> = {}): Organization {
  return {
    id: ORGANIZATION,
    parentOrganizationId: PARENT,
    name: 'Acme',
    status: 'active',
    metadata: organizationMetadata('acme', 1),
    billingEmail: null,
    createdAt: '2026-06-01T00:00:00.000000+00:00',
    archivedAt: null,
    ...fields,
  };
}

export function grant(slot: number, base: number, delta: number, fields: Partial<GrantMarker> = {}): LedgerEvent {
  const marker = { externalId: 'acme', incarnation: 1, slot, base, delta, cum: base + delta, ...fields };
  return {
    eventId: `event-${slot}`,
    credits: delta,
    eventType: 'allocation',
    createdAt: '2026-06-01T00:00:00.000Z',
    description: grantDescription({ ...marker, organizationId: null }),
    metadata: grantMetadata({ ...marker, organizationId: fields.organizationId ?? ORGANIZATION }),
  };
}

export function foreign(credits: number, fields: Partial<LedgerEvent> = {}): LedgerEvent {
  return {
    eventId: `foreign-${credits}`,
    credits,
    eventType: 'allocation',
    createdAt: '2026-06-01T00:00:00.000Z',
    description: 'by hand',
    metadata: null,
    ...fields,
  };
}

export function key(fields: Partial<ApiKey> = {}): ApiKey {
  return {
    id: 'key_1',
    organizationId: ORGANIZATION,
    name: 'main',
    prefix: 'lp_live_ABCDEFGHJKMNPQRS',
    env: 'live',
    scopes: ['content:read'],
    status: 'active',
    createdAt: '2026-06-01T00:00:00.000Z',
    lastUsedAt: null,
    rotatedAt: null,
    revokedAt: null,
    graceUntil: null,
    supersededBy: null,
    ...fields,
  };
}
