import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { WireAnswer } from '../layers/transport.ts';
import { type Kind, type Named, nameOf, type Place, pathOf } from './kind.ts';
import type { Outcome, Trouble, Verb } from './outcome.ts';
import { type Asked, badAnswer, readOutcome } from './read-outcome.ts';
import { openWatch, type WatchEvent, type WatchOptions } from './watch.ts';
import type { KubernetesRequest, KubernetesWire } from './wire.ts';

/** What the API server can be asked for. Every call ends: with an answer, or at its deadline. */
export interface KubernetesClient {
  get<T>(kind: Kind<T>, at: Named, options?: CallOptions): Promise<Outcome<T>>;
  /** All of them, page by page, and the resourceVersion from which a watch goes on. */
  list<T>(kind: Kind<T>, at: Place, options?: ListOptions): Promise<Outcome<Listing<T>>>;
  create<T>(kind: Kind<T>, at: Place, object: object, options?: CallOptions): Promise<Outcome<T>>;
  /** `object.metadata.resourceVersion` makes it a compare-and-swap: `conflict` when somebody was faster. */
  replace<T>(kind: Kind<T>, at: Named, object: object, options?: WriteOptions): Promise<Outcome<T>>;
  patch<T>(kind: Kind<T>, at: Named, patch: Patch, options?: WriteOptions): Promise<Outcome<T>>;
  remove(kind: Kind<unknown>, at: Named, options?: RemoveOptions): Promise<Outcome<void>>;
  /** One watch, until the server ends it; `follow.ts` keeps one up for ever. */
  watch<T>(kind: Kind<T>, at: Place, options: WatchOptions): AsyncGenerator<WatchEvent<T>, void>;
}

export interface CallOptions {
  /** For the whole call, with the waits that the server asks for; default 10 s. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends CallOptions {
  readonly subresource?: 'status';
}

export interface ListOptions extends CallOptions {
  readonly labelSelector?: string;
  /** Objects a page; default 500. */
  readonly pageSize?: number;
}

export interface RemoveOptions extends CallOptions {
  /** Only this very object, not one that was made again under its name. */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface Listing<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export interface Patch {
  /** `merge`: RFC 7396. `apply`: server-side apply; what we no longer say is given up, what others own is a conflict. */
  readonly type: 'merge' | 'apply';
  readonly body: object;
}

export interface ClientOptions {
  readonly wire: KubernetesWire;
  readonly clock: Clock;
}

const DEADLINE_MS = 10_000;
const PAGE_SIZE = 500;
/** A list of which every page expires before the next is asked for is started anew so often. */
const LISTINGS_MAX = 3;
/** Who manages the fields that we write, as `kubectl get --show-managed-fields` shows it. */
const FIELD_MANAGER = 'layers-reconciler';

const contentTypes = { merge: 'application/merge-patch+json', apply: 'application/apply-patch+yaml' } as const;
// Unknown fields are refused instead of dropped: a mistake of ours must not look like success.
const writing = { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' };

export function createKubernetesClient(options: ClientOptions): KubernetesClient {
  const ask = <T>(asked: Asked, shape: z.ZodType<T>, request: Request, call: CallOptions = {}) =>
    askOnce(options, asked, shape, request, call);
  return {
    get: (kind, place, call) => ask({ verb: 'get', kind, place }, kind.shape, { method: 'GET' }, call),
    // Only of the namespace: a `Named` is a `Place` too, and its name would lead to one object instead of to all.
    list: (kind, { namespace }, call) => listAll(ask, kind, { namespace }, call ?? {}),
    create: (kind, { namespace }, object, call) =>
      ask(
        { verb: 'create', kind, place: { namespace } },
        kind.shape,
        { method: 'POST', query: writing, body: object },
        call,
      ),
    replace: (kind, place, object, call) =>
      ask(
        { verb: 'update', kind, place, subresource: call?.subresource },
        kind.shape,
        { method: 'PUT', query: writing, body: object },
        call,
      ),
    patch: (kind, place, { type, body }, call) =>
      ask(
        { verb: 'patch', kind, place, subresource: call?.subresource },
        kind.shape,
        { method: 'PATCH', query: writing, body, contentType: contentTypes[type] },
        call,
      ),
    remove: (kind, place, call = {}) => {
      const { uid, resourceVersion } = call;
      const body = { preconditions: { uid, resourceVersion } };
      return ask({ verb: 'delete', kind, place }, ignored, { method: 'DELETE', body }, call);
    },
    watch: (kind, { namespace }, call) => openWatch(options, kind, { namespace }, call),
  };
}

/** The answer to a deletion is the object or a Status, as the server pleases. */
const ignored = z.unknown().transform(() => undefined);

interface Request {
  readonly method: KubernetesRequest['method'];
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  readonly contentType?: string;
}

type Ask = <T>(asked: Asked, shape: z.ZodType<T>, request: Request, call: CallOptions) => Promise<Outcome<T>>;

/** 429 is answered before anything is done, so it is waited out and asked again, as long as the deadline leaves room. */
async function askOnce<T>(
  { wire, clock }: ClientOptions,
  asked: Asked,
  shape: z.ZodType<T>,
  { method, query = {}, body, contentType }: Request,
  { deadlineMs = DEADLINE_MS, signal }: CallOptions,
): Promise<Outcome<T>> {
  const path = requestPath(asked, query);
  if (path === null) return { outcome: 'invalid', message: `${nameOf(asked.kind)}: a name is no name of an object.` };
  const until = clock.monotonic() + deadlineMs;
  for (;;) {
    const answer = await wire.send({
      method,
      path,
      signal,
      deadlineMs: Math.max(1, until - clock.monotonic()),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(contentType === undefined ? {} : { contentType }),
    });
    const outcome = readOutcome(answer, shape, asked, wire.hidden(), clock.now());
    if (!isTurnedAway(answer) || outcome.outcome !== 'unreachable') return outcome;
    const waitMs = outcome.retryAfterMs ?? 1_000;
    if (clock.monotonic() + waitMs >= until || signal?.aborted) return outcome;
    await clock.sleep(waitMs, signal);
  }
}

function isTurnedAway(answer: WireAnswer): boolean {
  return answer.kind === 'response' && answer.status === 429;
}

function requestPath(asked: Asked, query: NonNullable<Request['query']>): string | null {
  const path = pathOf(asked.kind, asked.place, asked.subresource);
  if (path === null) return null;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.append(name, value);
  const search = parameters.toString();
  return search === '' ? path : `${path}?${search}`;
}

async function listAll<T>(
  ask: Ask,
  kind: Kind<T>,
  place: Place,
  { labelSelector, pageSize = PAGE_SIZE, ...call }: ListOptions,
): Promise<Outcome<Listing<T>>> {
  const asked: Asked = { verb: 'list' satisfies Verb, kind, place };
  const shape = z.object({
    metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
    items: z.array(kind.shape).nullable(),
  });
  let expired: Trouble | null = null;
  for (let listing = 1; listing <= LISTINGS_MAX; listing += 1) {
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const query = { limit: String(pageSize), labelSelector, continue: next };
      const page = await ask(asked, shape, { method: 'GET', query }, call);
      if (page.outcome === 'gone') {
        // The pages are those of one moment, and the server keeps a moment for minutes only.
        expired = page;
        break;
      }
      if (page.outcome !== 'ok') return page;
      items.push(...(page.value.items ?? []));
      const { resourceVersion, continue: more } = page.value.metadata;
      if (more === undefined || more === '') return { outcome: 'ok', value: { items, resourceVersion } };
      if (more === next) return badAnswer(asked, 'its next page is the same page again');
      next = more;
    }
  }
  return expired ?? badAnswer(asked, 'it has no end');
}
