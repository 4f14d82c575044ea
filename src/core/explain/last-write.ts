import type { Json } from '../canonical.ts';
import type { Subject } from './subjects.ts';

/** What the journal tells of the last write for one subject. It proves nothing; it tells when, and under which request. */
export interface LastWrite {
  /** RFC 3339: of the answer, or of the intent when no answer was noted. */
  readonly at: string;
  readonly outcome: 'ok' | 'not-done' | 'in-doubt' | 'unanswered';
  readonly requestId: string | null;
}

const STEPS: Readonly<Record<string, Subject['resource']>> = {
  'create-organization': 'organization',
  'change-organization': 'organization',
  'adopt-organization': 'organization',
  'mark-suspension': 'organization',
  suspend: 'organization',
  resume: 'organization',
  archive: 'organization',
  grant: 'credits',
  'change-limits': 'credit-config',
  'mint-key': 'api-key',
  'rotate-key': 'api-key',
  'revoke-key': 'api-key',
};

/** The last write that the journal holds for a customer's subject; null when it holds none. */
export function lastWriteOf(
  journal: readonly Readonly<Record<string, Json>>[],
  externalId: string,
  { resource, name }: Subject,
): LastWrite | null {
  const line = journal.findLast((entry) => {
    const { customer, step } = entry;
    if (customer !== externalId || typeof step !== 'string' || STEPS[step] !== resource) return false;
    const isWrite = entry['event'] === 'intent' || entry['event'] === 'answer';
    return isWrite && (resource !== 'api-key' || entry['name'] === name);
  });
  if (!line) return null;
  const { at, requestId } = line;
  return {
    at: typeof at === 'string' ? at : '',
    outcome: line['event'] === 'intent' ? 'unanswered' : outcomeOf(line['outcome']),
    requestId: typeof requestId === 'string' ? requestId : null,
  };
}

function outcomeOf(outcome: Json | undefined): LastWrite['outcome'] {
  return outcome === 'ok' || outcome === 'not-done' ? outcome : 'in-doubt';
}
