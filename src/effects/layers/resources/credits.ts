import { z } from 'zod';
import type { CreditConfig, LedgerEvent, Transfer, Wallet } from '../../../core/api.ts';
import type { Caller } from '../call.ts';
import type { LayersReader, LayersWriter, LedgerQuery } from '../client.ts';
import {
  creditsField,
  idField,
  instantField,
  isSameId,
  orElse,
  orNull,
  pageOf,
  shapeAbout,
  shapeOf,
} from '../fields.ts';

const walletSchema: z.ZodType<Wallet> = z.object({
  organizationId: idField,
  balance: creditsField,
  available: creditsField,
  prepaidBalance: creditsField,
  reservedCredits: orElse(creditsField, 0),
});

/**
 * The server keeps members of its own in a transfer's metadata (`direction`, `counterpartyOrgId`), and nobody says that
 * they are strings; ours are. One odd member must not make a ledger unreadable.
 */
const ledgerMetadata = z
  .record(z.string(), z.unknown())
  .transform((members) =>
    Object.fromEntries(
      Object.entries(members).filter((member): member is [string, string] => typeof member[1] === 'string'),
    ),
  );

const ledgerEventSchema: z.ZodType<LedgerEvent> = z.object({
  eventId: idField,
  credits: creditsField,
  eventType: z.string(),
  createdAt: instantField,
  description: orNull(z.string()),
  metadata: orNull(ledgerMetadata),
});

export const creditConfigSchema: z.ZodType<CreditConfig> = z
  .object({
    monthlyCreditCap: orNull(creditsField),
    refillThreshold: orNull(creditsField),
    refillAmount: orNull(creditsField),
    autoRefillEnabled: orNull(z.boolean()),
  })
  .transform(({ autoRefillEnabled, ...config }) => ({
    ...config,
    // Derived by the server from the pair (organizations/credit-config).
    autoRefillEnabled: autoRefillEnabled ?? (config.refillThreshold !== null && config.refillAmount !== null),
  }));

const configAnswer = z.object({ organizationId: orNull(idField), config: creditConfigSchema });

const transferSchema: z.ZodType<Transfer> = z.object({
  id: idField,
  allocated: creditsField,
  replayed: orElse(z.boolean(), false),
});

/** Made once: making a schema costs far more than reading an answer with it. */
const ledgerPage = shapeOf(pageOf(ledgerEventSchema));
const patchedConfig = shapeOf(configAnswer.transform(({ config }) => config));

type Reads = Pick<LayersReader, 'parentWallet' | 'parentLedger' | 'childWallet' | 'childLedger' | 'creditConfig'>;
type Writes = Pick<LayersWriter, 'allocate' | 'patchCreditConfig'>;

/** Wallets and ledgers are what a grant is decided on, within 30 s: they are urgent. */
export function creditReads(call: Caller): Reads {
  const ledger = (operation: string, path: readonly string[], query: LedgerQuery) =>
    call({
      operation,
      kind: 'read',
      method: 'GET',
      path,
      query: { eventType: query.eventType, since: query.since, limit: query.limit ?? 100, cursor: query.cursor },
      urgent: true,
      shape: ledgerPage,
    });
  return {
    parentWallet: () =>
      call({
        operation: 'credits.get',
        kind: 'read',
        method: 'GET',
        path: ['credits'],
        urgent: true,
        shape: shapeOf(walletSchema),
      }),
    parentLedger: (query) => ledger('credits.events', ['credits', 'events'], query),
    childWallet: (organizationId) =>
      call({
        operation: 'organizations.credits.get',
        kind: 'read',
        method: 'GET',
        path: ['organizations', organizationId, 'credits'],
        urgent: true,
        shape: shapeAbout(walletSchema, organizationId, (wallet) => wallet.organizationId),
      }),
    childLedger: (organizationId, query) =>
      ledger('organizations.credits.events', ['organizations', organizationId, 'credits', 'events'], query),
    creditConfig: (organizationId) =>
      call({
        operation: 'organizations.credit-config.get',
        kind: 'read',
        method: 'GET',
        path: ['organizations', organizationId, 'credit-config'],
        shape: shapeOf(
          configAnswer
            .refine((answer) => answer.organizationId === null || isSameId(answer.organizationId, organizationId), {
              path: ['organizationId'],
            })
            .transform(({ config }) => config),
        ),
      }),
  };
}

export function creditWrites(call: Caller): Writes {
  return {
    allocate: (organizationId, body, idempotencyKey, fence) =>
      call({
        operation: 'organizations.credits.allocate',
        kind: 'allocate',
        method: 'POST',
        path: ['organizations', organizationId, 'credits', 'allocate'],
        body,
        idempotencyKey,
        fence,
        urgent: true,
        shape: shapeOf(transferSchema),
      }),
    patchCreditConfig: (organizationId, body, idempotencyKey) =>
      call({
        operation: 'organizations.credit-config.patch',
        kind: 'write',
        method: 'PATCH',
        path: ['organizations', organizationId, 'credit-config'],
        body,
        idempotencyKey,
        shape: patchedConfig,
      }),
  };
}
