import { z } from 'zod';
import type { ArchivedOrganization, Organization, OrganizationWithSummary } from '../../../core/api.ts';
import type { Caller } from '../call.ts';
import type { LayersReader, LayersWriter } from '../client.ts';
import {
  creditsField,
  idField,
  instantField,
  metadataField,
  orElse,
  orNull,
  pageOf,
  shapeAbout,
  shapeOf,
} from '../fields.ts';
import { creditConfigSchema } from './credits.ts';

const statusField = z.enum(['active', 'suspended', 'archived']);

/** In a read: one organization in a state that we do not know must not make the listing unreadable for all others (I9). */
const readStatusField = z.enum(['active', 'suspended', 'archived', 'unknown']).catch('unknown');

const organizationFields = {
  id: idField,
  parentOrganizationId: orNull(idField),
  name: z.string(),
  status: statusField,
  metadata: metadataField,
  billingEmail: orNull(z.string()),
  createdAt: instantField,
  archivedAt: orNull(instantField),
};

const organizationSchema: z.ZodType<Organization> = z.object(organizationFields);

const listedOrganizationSchema: z.ZodType<Organization> = z.object({
  ...organizationFields,
  status: readStatusField,
});

const organizationWithSummarySchema: z.ZodType<OrganizationWithSummary> = z.object({
  ...organizationFields,
  status: readStatusField,
  summary: z.object({
    projectCount: orElse(z.int(), 0),
    balance: creditsField,
    available: creditsField,
    creditConfig: creditConfigSchema,
  }),
});

const archivedSchema: z.ZodType<ArchivedOrganization> = z.object({
  id: idField,
  status: statusField,
  archivedAt: orNull(instantField),
  reclaimedCredits: orElse(creditsField, 0),
  revokedApiKeys: orElse(z.int(), 0),
});

/** Made once: making a schema costs far more than reading an answer with it. */
const organizationPage = shapeOf(pageOf(listedOrganizationSchema));

type Reads = Pick<LayersReader, 'listOrganizations' | 'getOrganization'>;
type Writes = Pick<
  LayersWriter,
  'createOrganization' | 'patchOrganization' | 'suspendOrganization' | 'resumeOrganization' | 'archiveOrganization'
>;

export function organizationReads(call: Caller): Reads {
  return {
    listOrganizations: ({ status, cursor, limit = 200 }) =>
      call({
        operation: 'organizations.list',
        kind: 'read',
        method: 'GET',
        path: ['organizations'],
        query: { status, limit, cursor },
        shape: organizationPage,
      }),
    getOrganization: (organizationId) =>
      call({
        operation: 'organizations.get',
        kind: 'read',
        method: 'GET',
        path: ['organizations', organizationId],
        shape: shapeAbout(organizationWithSummarySchema, organizationId, ({ id }) => id),
      }),
  };
}

export function organizationWrites(call: Caller): Writes {
  const transition = (organizationId: string, verb: 'suspend' | 'resume') =>
    call({
      operation: `organizations.${verb}`,
      kind: 'write',
      method: 'POST',
      path: ['organizations', organizationId, verb],
      shape: shapeOf(organizationSchema),
    });
  return {
    createOrganization: (body, idempotencyKey) =>
      call({
        operation: 'organizations.create',
        kind: 'write',
        method: 'POST',
        path: ['organizations'],
        body,
        idempotencyKey,
        shape: shapeOf(organizationSchema),
      }),
    patchOrganization: (organizationId, body, idempotencyKey) =>
      call({
        operation: 'organizations.patch',
        kind: 'write',
        method: 'PATCH',
        path: ['organizations', organizationId],
        body,
        idempotencyKey,
        shape: shapeOf(organizationSchema),
      }),
    suspendOrganization: (organizationId) => transition(organizationId, 'suspend'),
    resumeOrganization: (organizationId) => transition(organizationId, 'resume'),
    archiveOrganization: (organizationId) =>
      call({
        operation: 'organizations.archive',
        kind: 'write',
        method: 'DELETE',
        path: ['organizations', organizationId],
        shape: shapeOf(archivedSchema),
      }),
  };
}
