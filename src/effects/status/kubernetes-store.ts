import { canonicalJson, type Json } from '../../core/canonical.ts';
import { isRecord } from '../../core/declaration/reading.ts';
import { mergeCustomerStatus, mergeFleetStatus } from '../../core/status-merge.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { customerBody } from '../kubernetes/customer-body.ts';
import type { Named } from '../kubernetes/kind.ts';
import { type CustomerObject, configMaps, customers } from '../kubernetes/kinds.ts';
import type { Outcome } from '../kubernetes/outcome.ts';
import { objectOfFile } from '../source/customer-objects.ts';
import type { DiscardingStatusStore, StatusResult, StatusTarget } from './store.ts';

export interface KubernetesStatusStoreOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>;
  /** Holds the ConfigMap with the fleet's own status. */
  readonly namespace: string;
}

type Document = { readonly [key: string]: Json };

/** The fleet's own status (webhooks) has no object of its own to stand in. */
const fleetConfigMap = 'layers-reconciler-fleet';
const FLEET_KEY = 'status.json';

/** Somebody else writes at the same time, again and again: then the next pass goes on. */
const ATTEMPTS = 5;

/**
 * Status as the `/status` subresource of the customer's object, and of the fleet in the ConfigMap
 * `layers-reconciler-fleet`. Every write replaces exactly what was read before it; where somebody was faster, what they
 * counted is kept (core/status-merge.ts). Nothing is written where the meaning stays the same (V3).
 */
export function createKubernetesStatusStore(options: KubernetesStatusStoreOptions): DiscardingStatusStore {
  const placeOf = (target: StatusTarget) => objectOfFile(target.file);
  return {
    async read(target) {
      if (target.externalId === null) return statusOf(await readFleet(options));
      const place = placeOf(target);
      if (place === null) return noObject(target);
      const found = await options.client.get(customers, place);
      // An object that is gone may have held what vetoes a write, so it is not taken for one without a status (I7).
      return found.outcome === 'ok'
        ? { ok: true, value: isOnlyRefusal(found.value.status) ? null : (found.value.status ?? null) }
        : failure(found.message);
    },
    async write(target, status) {
      if (target.externalId === null) return writeFleet(options, status);
      const place = placeOf(target);
      return place === null
        ? noObject(target)
        : writeCustomerStatus(options.client, place, (found) => mergeCustomerStatus(status, found.status));
    },
    async discard(target) {
      const place = placeOf(target);
      return place === null ? noObject(target) : writeCustomerStatus(options.client, place, () => null);
    },
  };
}

/** What was only ever said about an object that cannot be used: nothing was recorded about its customer yet. */
function isOnlyRefusal(status: unknown): boolean {
  return isRecord(status) && status['externalId'] === undefined && status['organizationId'] === undefined;
}

/** Replaces the status of one object by what `change` makes of it; null takes it away, `leave` leaves it as it is. */
export async function writeCustomerStatus(
  client: Pick<KubernetesClient, 'get' | 'replace'>,
  place: Named,
  change: (found: CustomerObject) => Document | null | 'leave',
): Promise<StatusResult<void>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await client.get(customers, place);
    if (found.outcome !== 'ok') return failure(found.message);
    const { status } = found.value;
    const next = change(found.value);
    if (next === 'leave' || canonicalJson(next) === canonicalJson(status ?? null)) return done;
    const body = customerBody(found.value, next === null ? {} : { status: next });
    const written = await client.replace(customers, place, body, { subresource: 'status' });
    if (written.outcome === 'ok') return done;
    if (written.outcome !== 'conflict') return failure(written.message);
  }
  return failure('others write it all the time');
}

interface FleetRecord {
  readonly resourceVersion: string;
  readonly text: string | null;
}

/** Null when there is none. */
async function readFleet({ client, namespace }: KubernetesStatusStoreOptions): Promise<Outcome<FleetRecord | null>> {
  const found = await client.get(configMaps, { namespace, name: fleetConfigMap });
  if (found.outcome === 'not-found') return { outcome: 'ok', value: null };
  if (found.outcome !== 'ok') return found;
  const { metadata, data } = found.value;
  return { outcome: 'ok', value: { resourceVersion: metadata.resourceVersion, text: data?.[FLEET_KEY] ?? null } };
}

function statusOf(record: Outcome<FleetRecord | null>): StatusResult<unknown> {
  if (record.outcome !== 'ok') return failure(record.message);
  const text = record.value?.text ?? null;
  if (text === null) return { ok: true, value: null };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return failure(`${FLEET_KEY} in the ConfigMap ${fleetConfigMap} is not JSON; mend it, or delete the ConfigMap`);
  }
}

async function writeFleet(options: KubernetesStatusStoreOptions, status: Document): Promise<StatusResult<void>> {
  const { client, namespace } = options;
  const place = { namespace, name: fleetConfigMap };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const record = await readFleet(options);
    const recorded = statusOf(record);
    // A damaged record may hold what vetoes a write (I7); only a person may throw it away.
    if (!recorded.ok || record.outcome !== 'ok') return recorded.ok ? done : recorded;
    const next = mergeFleetStatus(status, recorded.value);
    if (canonicalJson(next) === canonicalJson(recorded.value)) return done;
    const body = fleetBody(place, JSON.stringify(next, null, 2), record.value?.resourceVersion);
    const written =
      record.value === null
        ? await client.create(configMaps, { namespace }, body)
        : await client.replace(configMaps, place, body);
    if (written.outcome === 'ok') return done;
    if (written.outcome !== 'conflict') return failure(written.message);
  }
  return failure('others write it all the time');
}

function fleetBody({ namespace, name }: Named, text: string, resourceVersion: string | undefined): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'layers-reconciler' },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    data: { [FLEET_KEY]: text },
  };
}

function noObject({ file }: StatusTarget): { readonly ok: false; readonly message: string } {
  return failure(`${file} is no object in a cluster, so it has no status there`);
}

const done: StatusResult<void> = { ok: true, value: undefined };

function failure(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
