import type { CustomerDeclaration } from '../../core/declaration/customer.ts';
import { lostNulls, readCustomerObject } from '../../core/declaration/customer-object.ts';
import { refuseEqualIdentities, type UnusableFile } from '../../core/declaration/identity.ts';
import type { SourcedCustomer, SourcedWorkspace } from '../../core/source.ts';
import type { Clock } from '../clock.ts';
import type { SeenObject } from '../kubernetes/announcer.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Place } from '../kubernetes/kind.ts';
import { type CustomerObject, customers } from '../kubernetes/kinds.ts';
import { fileOfObject, objectOfFile, placeProblem } from './customer-objects.ts';
import { createReadingCache, type ReadingCache } from './reading-cache.ts';
import type { DeclarationSource, FleetLoad } from './source.ts';
import { sourcedCustomer } from './sourced.ts';

export interface KubernetesSourceOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'list'>;
  /** The namespace of the objects; null for all of them. */
  readonly place: Place;
  /** Tells whether a declared time lies in the future. */
  readonly clock: Pick<Clock, 'now'>;
  /** Where reconcile.yaml comes from: a mounted ConfigMap. What it says of customers is not looked at. */
  readonly settings: DeclarationSource;
}

interface Source extends KubernetesSourceOptions {
  readonly readings: ReadingCache<CustomerDeclaration, SourcedCustomer>;
  /** By the file in whose place they stand. */
  seen: ReadonlyMap<string, SeenObject>;
}

export interface KubernetesSource extends DeclarationSource {
  /** As the last list showed it; null for what was not in it. */
  objectAt(file: string): SeenObject | null;
}

/**
 * Declarations from `Customer` objects. Every load lists all of them anew and consistently, so no event that was missed
 * counts; a list that fails is a fleet that is unknown, never one that is gone. An object that is being deleted declares
 * nothing any more: its organization is an orphan, as that of a deleted file.
 */
export function createKubernetesSource(options: KubernetesSourceOptions): KubernetesSource {
  const source: Source = {
    ...options,
    readings: createReadingCache((file, text) => readCustomerObject(file, JSON.parse(text))),
    seen: new Map(),
  };
  return {
    loadWorkspace: () => options.settings.loadWorkspace(),
    loadFleet: (workspace) => loadFleet(source, workspace),
    reread: async (customer, workspace) => ((await isUnchanged(source, customer, workspace)) ? 'same' : 'changed'),
    objectAt: (file) => source.seen.get(file) ?? null,
  };
}

/** Where it is not even known how to reach the cluster: what is declared there is unknown, and `message` says why. */
export function createUnreachableSource(settings: DeclarationSource, message: string): KubernetesSource {
  return {
    loadWorkspace: () => settings.loadWorkspace(),
    loadFleet: async () => unknownFleet({ namespace: null }, message),
    reread: async () => 'changed',
    objectAt: () => null,
  };
}

function unknownFleet(place: Place, message: string): FleetLoad {
  return { ok: false, isUnknown: true, problems: [placeProblem(place, { code: 'ClusterUnreadable', message })] };
}

async function loadFleet(source: Source, workspace: SourcedWorkspace): Promise<FleetLoad> {
  const { client, place, clock, readings } = source;
  const listed = await client.list(customers, place);
  if (listed.outcome !== 'ok') return unknownFleet(place, listed.message);
  const objects = listed.value.items.filter(isDeclaring);
  if (objects.length === 0) return { ok: false, problems: [noCustomers(place)] };

  const nowMs = clock.now();
  const usable: SourcedCustomer[] = [];
  const unusable: UnusableFile[] = [];
  for (const object of objects) {
    const read = readObject(source, object, workspace, nowMs);
    if ('problems' in read) unusable.push(read);
    else usable.push(read);
  }
  source.seen = new Map(objects.map(({ metadata }) => [fileOfObject(metadata), seenObject(metadata)]));
  readings.keepOnly(new Set(source.seen.keys()));
  const sorted = usable.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  return { ok: true, fleet: refuseEqualIdentities(sorted, unusable) };
}

function seenObject({ namespace = '', name, uid, generation = 0 }: CustomerObject['metadata']): SeenObject {
  return { namespace, name, uid, generation };
}

function isDeclaring({ metadata }: CustomerObject): boolean {
  return (metadata.deletionTimestamp ?? null) === null;
}

function noCustomers(place: Place) {
  const where = place.namespace === null ? 'in any namespace' : `in namespace ${place.namespace}`;
  return placeProblem(place, {
    code: 'NoCustomers',
    message: `There is no Customer object ${where}. Nothing is done: none at all never means that there are no customers.`,
    hint: 'Check --namespace, or give --all-namespaces.',
  });
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function readObject(
  { readings }: Source,
  { metadata, spec, status }: CustomerObject,
  workspace: SourcedWorkspace,
  nowMs: number,
): SourcedCustomer | UnusableFile {
  const file = fileOfObject(metadata);
  const { entry } = readings.read(file, JSON.stringify(spec ?? {}));
  const read = sourcedCustomer(entry, file, workspace, nowMs);
  if ('problems' in read) return read;
  const lost = lostNulls(file, spec, metadata.annotations?.[LAST_APPLIED]);
  const { externalId } = read.declaration;
  const at = read.positions.get('/externalId') ?? { line: 1, column: 1 };
  if (lost.length > 0) return { file, claim: { externalId, at }, problems: lost };
  return { ...read, status, ...(metadata.generation === undefined ? {} : { generation: metadata.generation }) };
}

/** One quorum read of the object; also false when reconcile.yaml changed, or when nobody can say. */
async function isUnchanged(source: Source, customer: SourcedCustomer, workspace: SourcedWorkspace): Promise<boolean> {
  const settings = await source.settings.loadWorkspace();
  if (!settings.ok || settings.workspace.hash !== workspace.hash) return false;
  const place = objectOfFile(customer.file);
  if (place === null) return false;
  const found = await source.client.get(customers, place);
  if (found.outcome !== 'ok' || !isDeclaring(found.value)) return false;
  const again = readObject(source, found.value, workspace, source.clock.now());
  return !('problems' in again) && again.hash === customer.hash;
}
