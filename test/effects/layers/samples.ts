/** Answers as the public pages print them; ids and secrets made up. */

export const orgId = 'org_d4e5f6a7-8b9c-4d0e-9f2a-3b4c5d6e7f80';
export const parentId = 'org_2481fa5c-a404-44ed-a561-565392499abc';
export const keyId = 'key_c2037bb9-354d-4662-96b7-97a28ad6b6e1';
export const hookId = '5b9f1f6e-0c52-4c54-9a36-0a6b7c3a1b11';
export const token = `lp_live_PARENTPARENT1234_${'t'.repeat(43)}`;
export const mintedSecret = `lp_live_ABCDEFGHJKMNPQRS_${'m'.repeat(43)}`;
export const signingSecret = `whsec_${'w'.repeat(32)}`;
export const idempotencyKey = '0d2f7b52-6c1e-5a7e-9f31-6f8f0d9b1a2c';

export const organization = {
  id: orgId,
  parentOrganizationId: parentId,
  name: 'Acme Coffee',
  status: 'active',
  metadata: { externalId: 'acme-coffee', plan: 'growth' },
  billingEmail: 'ops@acme.example',
  archivedAt: null,
  createdAt: '2026-06-01T14:30:00.000000+00:00',
};

export const creditConfig = {
  monthlyCreditCap: 5000,
  refillThreshold: 1000,
  refillAmount: 2000,
  autoRefillEnabled: true,
};

export const summary = { projectCount: 3, balance: 5000, available: 4880, creditConfig };

export const apiKey = {
  id: keyId,
  organizationId: orgId,
  name: 'acme-content-sync',
  prefix: 'lp_live_ABCDEFGHJKMNPQRS',
  env: 'live',
  scopes: ['content:read', 'content:write'],
  status: 'active',
  createdAt: '2026-06-03T18:14:02.187Z',
  lastUsedAt: '2026-06-03T19:02:41.004Z',
  rotatedAt: null,
  revokedAt: null,
  graceUntil: null,
  supersededBy: null,
};

export const wallet = {
  organizationId: orgId,
  balance: 6000,
  available: 5880,
  prepaidBalance: 5400,
  reservedCredits: 120,
};

export const ledgerEvent = {
  eventId: 'a962df6d-2ea8-4dff-8a68-d49b1dc74d33',
  credits: 5000,
  eventType: 'allocation',
  createdAt: '2026-06-03T18:14:02.187Z',
  description: 'rcn1 acme-coffee i1 s0 base=0 delta=5000 cum=5000',
  metadata: { rcn: '1', slot: '0' },
};

export const transfer = { id: 'txn_a962df6d-2ea8-4dff-8a68-d49b1dc74d33', allocated: 5000, replayed: false };

export const whoami = {
  organizationId: parentId,
  organizationName: 'Partner',
  parentOrganizationId: null,
  scopes: ['*', 'org:admin'],
  rateLimitTier: 'standard',
  apiKeyId: 'key_00000000-0000-4000-8000-000000000001',
};

export const webhook = {
  id: hookId,
  organizationId: parentId,
  url: 'https://hooks.example.com/layers',
  description: null,
  status: 'active',
  events: ['job.completed', 'job.failed'],
  metadata: { rcn: '1' },
  scope: 'all_children',
  createdAt: '2026-06-03T18:14:02.187Z',
};

export const delivery = {
  id: 'f47ac10b-58cc-4372-a567-0e02b2c3d479',
  status: 'failed',
  attempts: 2,
  lastResponseStatus: 503,
  lastErrorMessage: 'no answer',
};
