import { z } from 'zod';
import { type Kind, objectMeta } from './kind.ts';

/** `coordination.k8s.io` Lease: who leads, and for how long after it was last renewed. */

const leaseShape = z.object({
  metadata: objectMeta,
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
});

export type Lease = z.output<typeof leaseShape>;

export const leases: Kind<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  shape: leaseShape,
};

/** Empty when nobody leads. */
export function holderOf({ spec }: Lease): string {
  return spec?.holderIdentity ?? '';
}

/** Of another holder, whose settings may differ from ours. */
export function durationMsOf({ spec }: Lease, ownMs: number): number {
  const seconds = spec?.leaseDurationSeconds ?? 0;
  return seconds > 0 ? seconds * 1_000 : ownMs;
}

interface Term {
  readonly identity: string;
  readonly durationMs: number;
  /** Wall clock: for people who look at the lease. Nobody decides by it. */
  readonly nowMs: number;
}

/** Our lease, taken from whoever held it or nobody; `old` null for one that does not exist. */
export function takenLease(name: string, old: Lease | null, term: Term): object {
  const isNew = old === null || holderOf(old) !== term.identity;
  const transitions = old?.spec?.leaseTransitions ?? 0;
  return leaseObject(name, old, {
    holderIdentity: term.identity,
    leaseDurationSeconds: Math.ceil(term.durationMs / 1_000),
    acquireTime: isNew ? microTime(term.nowMs) : (old.spec?.acquireTime ?? microTime(term.nowMs)),
    renewTime: microTime(term.nowMs),
    leaseTransitions: isNew && old !== null ? transitions + 1 : transitions,
  });
}

/** A lease that whoever looks next may take at once. */
export function releasedLease(name: string, old: Lease, nowMs: number): object {
  return leaseObject(name, old, {
    ...old.spec,
    holderIdentity: '',
    // As client-go does, so that those of its kind that look by duration do not wait either.
    leaseDurationSeconds: 1,
    renewTime: microTime(nowMs),
  });
}

function leaseObject(name: string, old: Lease | null, spec: object): object {
  const { labels, annotations, resourceVersion } = old?.metadata ?? {};
  const metadata = { name, labels, annotations, resourceVersion };
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
}

/** `metav1.MicroTime` wants exactly six digits. */
function microTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/Z$/, '000Z');
}
