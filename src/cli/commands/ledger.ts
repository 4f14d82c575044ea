import { type Verification, verifyLedgers } from '../../engine/inspect/verify-ledgers.ts';
import type { LedgerOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { outputPage } from '../pages.ts';
import { openForReading, refusalExitCode, refusalText } from '../reading.ts';
import { refusalDocument, renderDocument } from '../render/json.ts';
import { renderLedgerAudit } from '../render/ledger.ts';
import { FORMAT_VERSION, type LedgerDocument } from '../render/output-schema.ts';

/** Enough to keep the read quota busy, few enough not to take it all from a daemon at once. */
const CONCURRENCY = 8;

/** As of any check that fails. */
const DIFFERENCES_FOUND = 1;

/** Compares every ledger with our grants on it, and the journal with them. Reads only; 0 when all agree, else 1. */
export async function verifyLedger(options: LedgerOptions, context: CommandContext): Promise<number> {
  const verification = await verify(options, context);
  if (options.output === 'json') context.stdout(renderDocument(ledgerDocument(verification)));
  else if (!verification.ok) context.stderr(refusalText(verification.refusal, context));
  else context.stdout(renderLedgerAudit(verification.audit, outputPage(context, options.color)));
  if (!verification.ok) return refusalExitCode(verification.refusal);
  return verification.audit.differences.length === 0 ? exitCodes.ok : DIFFERENCES_FOUND;
}

async function verify(options: LedgerOptions, context: CommandContext): Promise<Verification> {
  const reading = await openForReading(options, 'reconcile ledger verify', context);
  if (!reading.ok) return reading;
  try {
    const bindingRequired = !options.sandbox;
    return await verifyLedgers(reading.effects, { concurrency: CONCURRENCY, bindingRequired, signal: context.stop });
  } finally {
    await reading.close();
  }
}

function ledgerDocument(verification: Verification): LedgerDocument {
  const head = { formatVersion: FORMAT_VERSION, command: 'ledger-verify' } as const;
  if (!verification.ok)
    return {
      ...head,
      refused: refusalDocument(verification.refusal),
      parentOrganizationId: null,
      organizations: [],
      totals: { credited: 0, debited: 0, journalled: 0 },
      differences: [],
    };
  const { audit, parentOrganizationId } = verification;
  return {
    ...head,
    refused: null,
    parentOrganizationId,
    organizations: [...audit.organizations],
    totals: audit.totals,
    differences: [...audit.differences],
  };
}
