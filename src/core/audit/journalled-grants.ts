import type { Json } from '../canonical.ts';

/** A line of the journal as the engine writes it; what else stands in the file is none of ours. */
export type JournalLine = Readonly<Record<string, Json>>;

/** A grant that the API said it made, as the journal tells it: the intent, and the answer that followed it. */
export interface JournalledGrant {
  /** When the answer was noted; RFC 3339. */
  readonly at: string;
  readonly externalId: string;
  readonly organizationId: string;
  readonly incarnation: number;
  readonly slot: number;
  /** What was asked for, and what the API said it moved. */
  readonly credits: number;
  readonly allocated: number | null;
  readonly transfer: string | null;
  /** The API said that it had moved these credits before, and did not again. */
  readonly replayed: boolean;
  readonly requestId: string | null;
}

/**
 * The answered grants of a journal, oldest first. An answer belongs to the last intent of its customer: one customer is
 * worked on by one process at a time. Half a pair, which a crash or a damaged line leaves, proves nothing and is left out.
 */
export function readJournalledGrants(journal: readonly JournalLine[]): JournalledGrant[] {
  const intents = new Map<string, JournalLine>();
  const grants: JournalledGrant[] = [];
  for (const line of journal) {
    const externalId = text(line['customer']);
    if (line['step'] !== 'grant' || externalId === null) continue;
    if (line['event'] === 'intent') intents.set(externalId, line);
    if (line['event'] !== 'answer') continue;
    const intent = intents.get(externalId);
    intents.delete(externalId);
    const grant = intent && line['outcome'] === 'ok' ? answeredGrant(externalId, intent, line) : null;
    if (grant) grants.push(grant);
  }
  return grants;
}

function answeredGrant(externalId: string, intent: JournalLine, answer: JournalLine): JournalledGrant | null {
  const body = members(intent['body']);
  const mark = members(body['metadata']);
  const [incarnation, slot] = [ordinal(mark['inc']), ordinal(mark['slot'])];
  const organizationId = text(intent['organizationId']);
  const credits = number(body['credits']);
  if (incarnation === null || slot === null || organizationId === null || credits === null) return null;
  return {
    at: text(answer['at']) ?? '',
    externalId,
    organizationId,
    incarnation,
    slot,
    credits,
    allocated: number(answer['allocated']),
    transfer: text(answer['transfer']),
    replayed: answer['replayed'] === true,
    requestId: text(answer['requestId']),
  };
}

function members(value: Json | undefined): JournalLine {
  return typeof value === 'object' && value !== null && !isList(value) ? value : {};
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function ordinal(value: Json | undefined): number | null {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
