import { z } from 'zod';

const amount = z.int().min(0).max(9_999_999_999_999);

const webhook = z.strictObject({
  name: z.string().min(1).max(120),
  url: z.string(),
  events: z.array(z.string()).min(1).max(50),
  scope: z.enum(['own', 'all_children']).default('all_children'),
  description: z.string().nullable().optional(),
  state: z.enum(['active', 'paused', 'deleted']).default('active'),
  secretCreatedAfter: z.string().optional(),
  adopt: z.string().optional(),
});

const guards = z.strictObject({
  minParentBalance: amount.optional(),
  maxGrantPerCustomer: amount.optional(),
  maxGrant: amount.optional(),
  maxGrantPerDay: amount.optional(),
  maxNewCustomers: z.int().min(0).optional(),
  maxArchives: z.int().min(0).default(1),
  maxKeyRevocations: z.int().min(0).default(5),
  requireCapWithRefill: z.boolean().default(true),
  allowedWebhookHosts: z.array(z.string()).optional(),
  freeze: z.boolean().default(false),
  approved: z.array(z.string()).default([]),
});

/** `reconcile.yaml`, without its `status`. */
export const workspaceSchema = z.strictObject({
  parentOrganizationId: z.string().optional(),
  apiKeyId: z.string().optional(),
  webhooks: z.array(webhook).default([]),
  defaults: z
    .strictObject({
      cap: amount.nullable().optional(),
      refill: z
        .strictObject({ threshold: amount, amount: amount.min(1) })
        .nullable()
        .optional(),
      billingEmail: z.string().nullable().optional(),
      metadata: z.record(z.string(), z.string()).optional(),
    })
    .default({}),
  guards: guards.prefault({}),
  secrets: z.strictObject({ store: z.enum(['file']).default('file'), directory: z.string().optional() }).prefault({}),
  status: z
    .strictObject({ store: z.enum(['inline', 'directory']).optional(), directory: z.string().optional() })
    .prefault({}),
  daemon: z.strictObject({ resync: z.string().default('10m'), listen: z.string().optional() }).prefault({}),
});

export type WorkspaceDeclaration = z.output<typeof workspaceSchema>;
export type WebhookDeclaration = WorkspaceDeclaration['webhooks'][number];
export type GuardsDeclaration = WorkspaceDeclaration['guards'];
