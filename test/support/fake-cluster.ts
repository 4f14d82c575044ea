import type { KubernetesClient } from '../../src/effects/kubernetes/client.ts';
import { type Kind, nameOf } from '../../src/effects/kubernetes/kind.ts';
import type { Outcome, Trouble, Verb } from '../../src/effects/kubernetes/outcome.ts';

/** What is done to one request on its way. `lost-answer` carries it out and says nothing. */
export type Fault = 'lost-request' | 'lost-answer' | Trouble | null;

export interface Call {
  readonly verb: Verb;
  /** `customers.layers-reconciler.dev`, with `/status` for a status. */
  readonly resource: string;
  readonly name: string | null;
}

/**
 * What an API server keeps and how it answers, as far as our stores rely on it: versions that are compared and swapped, a
 * status apart from the spec, generations. test/kubernetes holds the stores to the real one.
 */
export interface FakeCluster {
  readonly client: KubernetesClient;
  /** Every request that arrived, oldest first. */
  readonly calls: Call[];
  /** Asked before each request. */
  fault: (call: Call) => Fault;
  /** As `kubectl apply` does: a new spec under an old name raises the generation. */
  apply(object: FakeObject): void;
  delete(kind: Kind<unknown>, namespace: string, name: string): void;
  /** Null when there is none. */
  object(kind: Kind<unknown>, namespace: string, name: string): FakeObject | null;
  objects(kind: Kind<unknown>): readonly FakeObject[];
}

export interface FakeObject {
  readonly [member: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly [member: string]: unknown;
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
  };
}

const pluralOf: Readonly<Record<string, string>> = {
  Customer: 'customers.layers-reconciler.dev',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  Event: 'events.events.k8s.io',
};

export function createFakeCluster(): FakeCluster {
  const objects = new Map<string, FakeObject>();
  const calls: Call[] = [];
  let version = 100;
  const keyOf = (resource: string, namespace: string | null, name: string) => `${resource}/${namespace}/${name}`;

  function store(key: string, object: FakeObject, before: FakeObject | undefined): FakeObject {
    const isSameSpec = JSON.stringify(before?.['spec']) === JSON.stringify(object['spec']);
    const generation = Number(before?.metadata['generation'] ?? 0) + (isSameSpec && before ? 0 : 1);
    version += 1;
    const { uid = before?.metadata['uid'] ?? `uid-${version}` } = object.metadata;
    const stored = {
      ...structuredClone(object),
      metadata: { ...object.metadata, uid, generation, resourceVersion: String(version) },
    };
    objects.set(key, stored);
    return stored;
  }

  async function request<T>(call: Call, kind: Kind<T>, answer: () => Outcome<unknown>): Promise<Outcome<T>> {
    const fault = cluster.fault(call);
    if (fault === 'lost-request') return unreachable;
    calls.push(call);
    if (fault !== null && fault !== 'lost-answer') return fault;
    const outcome = answer();
    if (fault === 'lost-answer') return unreachable;
    if (outcome.outcome !== 'ok') return outcome;
    return { outcome: 'ok', value: kind.shape.parse(structuredClone(outcome.value)) };
  }

  const isObject = (value: object): value is FakeObject => 'metadata' in value;
  function checked(value: object): FakeObject {
    if (!isObject(value)) throw new Error('an object without metadata was sent');
    return value;
  }

  const client: KubernetesClient = {
    get: (kind, { namespace, name }) =>
      request({ verb: 'get', resource: nameOf(kind), name }, kind, () => {
        const found = objects.get(keyOf(nameOf(kind), namespace, name));
        return found ? { outcome: 'ok', value: found } : notFound(name);
      }),
    async list(kind, { namespace }) {
      const call: Call = { verb: 'list', resource: nameOf(kind), name: null };
      const fault = cluster.fault(call);
      calls.push(call);
      if (fault !== null) return typeof fault === 'string' ? unreachable : fault;
      const prefix = `${nameOf(kind)}/`;
      const items = [...objects]
        .filter(
          ([key, { metadata }]) => key.startsWith(prefix) && (namespace === null || metadata.namespace === namespace),
        )
        .map(([, object]) => kind.shape.parse(structuredClone(object)));
      return { outcome: 'ok', value: { items, resourceVersion: String(version) } };
    },
    create: (kind, { namespace }, body) => {
      const object = checked(body);
      const { name } = object.metadata;
      return request({ verb: 'create', resource: nameOf(kind), name }, kind, () => {
        const key = keyOf(nameOf(kind), namespace, name);
        if (objects.has(key)) return { outcome: 'conflict', reason: 'exists', message: `${name} already exists.` };
        return { outcome: 'ok', value: store(key, object, undefined) };
      });
    },
    replace: (kind, { namespace, name }, body, options) => {
      const object = checked(body);
      const resource = `${nameOf(kind)}${options?.subresource ? `/${options.subresource}` : ''}`;
      return request({ verb: 'update', resource, name }, kind, () => {
        const key = keyOf(nameOf(kind), namespace, name);
        const before = objects.get(key);
        if (!before) return notFound(name);
        const { resourceVersion } = object.metadata;
        if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
          return { outcome: 'conflict', reason: 'stale', message: `${name} has been modified.` };
        const { status: _, ...withoutStatus } = before;
        const isCustom = before['spec'] !== undefined;
        const next =
          options?.subresource === 'status'
            ? { ...withoutStatus, ...(object['status'] === undefined ? {} : { status: object['status'] }) }
            : { ...object, ...(isCustom ? { status: before['status'] } : {}) };
        return { outcome: 'ok', value: store(key, next, before) };
      });
    },
    patch: () => Promise.reject(new Error('nothing of ours patches')),
    remove: () => Promise.reject(new Error('nothing of ours deletes')),
    async *watch() {
      yield { type: 'ended', trouble: null };
    },
  };

  const cluster: FakeCluster = {
    client,
    calls,
    fault: () => null,
    apply(object) {
      const { namespace, name } = object.metadata;
      const key = keyOf(pluralOf[object.kind] ?? '', namespace, name);
      const before = objects.get(key);
      store(key, { ...(before?.['status'] ? { status: before['status'] } : {}), ...object }, before);
    },
    delete: (kind, namespace, name) => void objects.delete(keyOf(nameOf(kind), namespace, name)),
    object: (kind, namespace, name) => objects.get(keyOf(nameOf(kind), namespace, name)) ?? null,
    objects: (kind) => [...objects].filter(([key]) => key.startsWith(`${nameOf(kind)}/`)).map(([, object]) => object),
  };
  return cluster;
}

const unreachable: Trouble = {
  outcome: 'unreachable',
  message: 'The API server did not answer.',
  nothingDone: false,
  retryAfterMs: null,
};

function notFound(name: string): Trouble {
  return { outcome: 'not-found', message: `${name} not found.` };
}
