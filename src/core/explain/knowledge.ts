import { formatCredits } from '../money.ts';
import type { Observation } from '../plan-customer.ts';
import { isLive } from '../resources/api-key-facts.ts';
import type { SourcedCustomer } from '../source.ts';
import type { Subject } from './subjects.ts';

/** What was read about a subject. */
export interface Knowledge {
  /** A sentence. */
  readonly known: string;
  /** What was not or could not be read, as a sentence; null when nothing is missing. */
  readonly unknown: string | null;
  /** When that began, by the API's own clock, as the API prints it; null when it does not say. */
  readonly since: string | null;
}

/** How the secret store names the place of a key's secret. */
export type SecretPlace = (keyName: string) => string;

export function knowledgeOf(
  subject: Subject,
  customer: SourcedCustomer,
  observation: Observation,
  placeOf: SecretPlace,
): Knowledge {
  switch (subject.resource) {
    case 'organization':
      return organizationKnowledge(observation);
    case 'credits':
      return creditKnowledge(customer, observation);
    case 'credit-config':
      return limitKnowledge(subject, observation);
    case 'api-key':
      return keyKnowledge(subject.name ?? '', observation, placeOf);
  }
}

function organizationKnowledge({ organization }: Observation): Knowledge {
  const { id, name, status, createdAt } = organization;
  // Since when it is suspended or archived the API does not say; what we sent is in the journal.
  return {
    known: `${id}, named "${name}", is ${status}.`,
    unknown: null,
    since: status === 'active' ? createdAt : null,
  };
}

function creditKnowledge(customer: SourcedCustomer, { ledger, status, organization }: Observation): Knowledge {
  const declared = formatCredits(customer.declaration.credits);
  const available = `${formatCredits(organization.summary.available)} are available.`;
  if (ledger?.view.state === 'broken')
    return { known: available, unknown: `What was granted: ${ledger.view.why}.`, since: null };
  if (!ledger) {
    const recorded = status?.credits?.granted ?? null;
    const known =
      recorded === null
        ? `${declared} credits are declared.`
        : `${formatCredits(recorded)} credits were granted when status was recorded.`;
    return { known, unknown: 'The ledger was not read.', since: null };
  }
  const { granted, slots, foreign } = ledger.view;
  const others =
    foreign && foreign.credits > 0 ? ` ${formatCredits(foreign.credits)} more came from others and do not count.` : '';
  const grants = slots === 1 ? '1 grant' : `${slots} grants`;
  return {
    known: `${formatCredits(granted)} of ${declared} declared credits are granted, in ${grants}; ${available}${others}`,
    unknown: null,
    since: null,
  };
}

function limitKnowledge({ name }: Subject, { organization }: Observation): Knowledge {
  const { monthlyCreditCap, refillThreshold, refillAmount } = organization.summary.creditConfig;
  const cap = monthlyCreditCap === null ? 'There is no cap.' : `${formatCredits(monthlyCreditCap)} credits a period.`;
  const refill =
    refillThreshold === null || refillAmount === null
      ? 'Auto-refill is off.'
      : `${formatCredits(refillAmount)} credits move whenever fewer than ${formatCredits(refillThreshold)} are available.`;
  return { known: name === 'cap' ? cap : refill, unknown: null, since: null };
}

function keyKnowledge(name: string, { keys, stored }: Observation, placeOf: SecretPlace): Knowledge {
  const place = stored.get(name);
  const secret =
    place?.kind === 'holds' ? `The secret of ${place.record.id} is in ${placeOf(name)}.` : `${placeOf(name)} is empty.`;
  const unreadable = place?.kind === 'unknown' ? `Whether the secret is stored: ${place.why}` : null;
  if (!keys) return { known: secret, unknown: unreadable ?? 'The API keys were not listed.', since: null };
  const live = keys.listed.filter((key) => key.name === name && isLive(key));
  const [key] = live;
  const listed =
    live.length === 0
      ? 'No live key has this name.'
      : live.map(({ id, prefix }) => `${id} (${prefix}) is live.`).join(' ');
  const known = unreadable === null ? `${listed} ${secret}` : listed;
  return { known, unknown: unreadable, since: live.length === 1 ? (key?.createdAt ?? null) : null };
}
