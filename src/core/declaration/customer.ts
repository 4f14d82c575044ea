import { z } from 'zod';

const amount = z.int().min(0).max(9_999_999_999_999);

const refill = z.strictObject({ threshold: amount, amount: amount.min(1) });

const apiKey = z.strictObject({
  name: z.string().min(1).max(120),
  scopes: z.array(z.string().min(1)).min(1).max(64),
  env: z.enum(['live', 'test']).default('live'),
  createdAfter: z.string().optional(),
  state: z.enum(['active', 'revoked']).default('active'),
});

/** One file below `customers/`, without its `status`. */
export const customerSchema = z.strictObject({
  externalId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/),
  name: z.string().min(1).max(128),
  billingEmail: z.string().nullable().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  credits: amount.default(0),
  cap: amount.nullable().optional(),
  refill: refill.nullable().optional(),
  keys: z.array(apiKey).default([]),
  state: z.enum(['active', 'suspended', 'archived']).default('active'),
  incarnation: z.int().min(1).default(1),
  adopt: z.strictObject({ organizationId: z.string(), grantedCredits: amount }).optional(),
});

export type CustomerDeclaration = z.output<typeof customerSchema>;
export type KeyDeclaration = CustomerDeclaration['keys'][number];
export type RefillDeclaration = z.output<typeof refill>;
