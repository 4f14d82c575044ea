import type { Clock } from '../clock.ts';
import type { KubernetesClient } from './client.ts';
import type { Named } from './kind.ts';
import { durationMsOf, holderOf, type Lease, leases, releasedLease, takenLease } from './lease-record.ts';
import type { Outcome } from './outcome.ts';

export interface LeasePlace {
  /** With connections of its own, so that no long list of somebody else delays a renewal. */
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly place: Named;
  /** Of this process alone, or of the pod that it is restarted in. */
  readonly identity: string;
  /** After which others may take a lease that nobody renewed. */
  readonly durationMs: number;
}

/** What became of one look at the lease. */
export type Attempt =
  | { readonly is: 'held'; readonly lease: Lease }
  /** `leftMs`: until it runs out, unless it is renewed. */
  | { readonly is: 'held-by-another'; readonly holder: string; readonly leftMs: number }
  /** Somebody was faster; to be looked at again. */
  | { readonly is: 'changed' }
  | { readonly is: 'failed'; readonly why: string };

/** One look at the lease each, every write a compare-and-swap, and every call ended by `deadlineMs`. */
export interface LeaseAttempts {
  /** For who does not lead: takes what is free, ours from an earlier life, or has run out before our eyes. */
  tryToLead(deadlineMs: number, signal: AbortSignal): Promise<Attempt>;
  /** For who leads. */
  renew(held: Lease, deadlineMs: number): Promise<Attempt>;
  /** Whether nobody has to wait for it. */
  giveUp(held: Lease, deadlineMs: number): Promise<boolean>;
}

export function createLeaseAttempts({ client, clock, place, identity, durationMs }: LeasePlace): LeaseAttempts {
  /** The lease of somebody else, unchanged since we first saw it so. */
  let observed = { version: '', sinceMs: 0 };

  const isOurs = (lease: Lease) => holderOf(lease) === identity;
  const ours = (old: Lease | null) => takenLease(place.name, old, { identity, durationMs, nowMs: clock.now() });
  const create = async (deadlineMs: number): Promise<Attempt> =>
    attemptOf(await client.create(leases, place, ours(null), { deadlineMs }));
  const take = async (old: Lease, deadlineMs: number): Promise<Attempt> =>
    attemptOf(await client.replace(leases, place, ours(old), { deadlineMs }));

  /** On our own monotonic clock: no time that stands in the lease is compared with anything. */
  const leftMsOf = (lease: Lease) => {
    const { resourceVersion: version } = lease.metadata;
    if (observed.version !== version) observed = { version, sinceMs: clock.monotonic() };
    return observed.sinceMs + durationMsOf(lease, durationMs) - clock.monotonic();
  };

  return {
    async tryToLead(deadlineMs, signal) {
      const current = await client.get(leases, place, { deadlineMs, signal });
      if (current.outcome === 'not-found') return create(deadlineMs);
      if (current.outcome !== 'ok') return { is: 'failed', why: current.message };
      const lease = current.value;
      const leftMs = leftMsOf(lease);
      const isFree = leftMs <= 0 || isOurs(lease) || holderOf(lease) === '';
      return isFree ? take(lease, deadlineMs) : { is: 'held-by-another', holder: holderOf(lease), leftMs };
    },
    async renew(held, deadlineMs) {
      const swapped = await take(held, deadlineMs);
      if (swapped.is !== 'changed') return swapped;
      const current = await client.get(leases, place, { deadlineMs });
      if (current.outcome === 'not-found') return create(deadlineMs);
      if (current.outcome !== 'ok') return { is: 'failed', why: current.message };
      // Ours all the same: a write of ours whose answer was lost, or somebody's label on it.
      return isOurs(current.value)
        ? take(current.value, deadlineMs)
        : { is: 'held-by-another', holder: holderOf(current.value), leftMs: leftMsOf(current.value) };
    },
    async giveUp(held, deadlineMs) {
      const swap = (lease: Lease) =>
        client.replace(leases, place, releasedLease(place.name, lease, clock.now()), { deadlineMs });
      const first = await swap(held);
      if (first.outcome !== 'conflict') return first.outcome === 'ok';
      const current = await client.get(leases, place, { deadlineMs });
      if (current.outcome !== 'ok') return false;
      return !isOurs(current.value) || (await swap(current.value)).outcome === 'ok';
    },
  };
}

function attemptOf(answer: Outcome<Lease>): Attempt {
  if (answer.outcome === 'ok') return { is: 'held', lease: answer.value };
  return answer.outcome === 'conflict' || answer.outcome === 'not-found'
    ? { is: 'changed' }
    : { is: 'failed', why: answer.message };
}
