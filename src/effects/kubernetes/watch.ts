import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { readJson } from '../layers/json.ts';
import { type Kind, type Place, pathOf } from './kind.ts';
import type { Trouble } from './outcome.ts';
import { type Asked, badAnswer, readObject, readOutcome, readWatchError } from './read-outcome.ts';
import type { ByteStream, KubernetesWire } from './wire.ts';

export interface WatchOptions {
  /** Of the list or the event after which it goes on. */
  readonly resourceVersion: string;
  /** After which the server ends it, in milliseconds. */
  readonly lifeMs: number;
  readonly labelSelector?: string;
  readonly signal: AbortSignal;
}

export type WatchEvent<T> =
  | { readonly type: 'changed' | 'deleted'; readonly object: T; readonly resourceVersion: string }
  /** Nothing changed, and a later watch may go on from here. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** The last one. Null when the server ended it in good order, or the caller did. */
  | { readonly type: 'ended'; readonly trouble: Trouble | null };

/** To open a watch; the watch cache of a kind that is just being made needs a moment, and says 429 until then. */
const OPEN_MS = 10_000;
/** The server sends a bookmark every minute. A connection that is silent for longer is dead, though nobody said so. */
const IDLE_MS = 150_000;
/** A line is one object; etcd takes none above 1.5 MiB. */
const LINE_BYTES_MAX = 8 * 1024 * 1024;

const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});
const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

export async function* openWatch<T>(
  { wire, clock }: { readonly wire: KubernetesWire; readonly clock: Clock },
  kind: Kind<T>,
  place: Place,
  { resourceVersion, lifeMs, labelSelector, signal }: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void> {
  const asked: Asked = { verb: 'watch', kind, place };
  const query = new URLSearchParams({
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(Math.max(1, Math.round(lifeMs / 1_000))),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  });
  const path = pathOf(kind, place);
  if (path === null) {
    yield { type: 'ended', trouble: badAnswer(asked, 'its namespace is no name of one') };
    return;
  }
  // Letting go of the generator lets go of the connection too.
  const letGo = new AbortController();
  const both = AbortSignal.any([signal, letGo.signal]);
  try {
    const opened = await wire.open(
      { method: 'GET', path: `${path}?${query.toString()}`, deadlineMs: OPEN_MS, signal: both },
      IDLE_MS,
    );
    if (opened.kind !== 'stream') {
      const refused = readOutcome(opened, z.never(), asked, wire.hidden(), clock.now());
      yield { type: 'ended', trouble: signal.aborted || refused.outcome === 'ok' ? null : refused };
      return;
    }
    for await (const line of linesOf(opened.stream)) {
      const event = line === null ? tooLong(asked) : readEvent(line, kind, asked, wire.hidden());
      yield event;
      if (event.type === 'ended') return;
    }
    yield { type: 'ended', trouble: null };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    yield { type: 'ended', trouble: signal.aborted ? null : brokenOff(asked, error) };
  } finally {
    letGo.abort();
  }
}

function readEvent<T>(line: string, kind: Kind<T>, asked: Asked, hidden: readonly string[]): WatchEvent<T> {
  const json = readJson(line);
  const event = eventSchema.safeParse(json.ok ? json.value : null).data;
  if (event === undefined) return { type: 'ended', trouble: badAnswer(asked, 'a line of it is no event') };
  if (event.type === 'ERROR') return { type: 'ended', trouble: readWatchError(event.object, asked, hidden) };
  const version = versioned.safeParse(event.object).data?.metadata.resourceVersion;
  if (version === undefined) return { type: 'ended', trouble: badAnswer(asked, 'an event has no resourceVersion') };
  if (event.type === 'BOOKMARK') return { type: 'bookmark', resourceVersion: version };
  const object = readObject(event.object, kind.shape, asked);
  if (object.outcome !== 'ok') return { type: 'ended', trouble: object };
  return { type: event.type === 'DELETED' ? 'deleted' : 'changed', object: object.value, resourceVersion: version };
}

function tooLong(asked: Asked): { readonly type: 'ended'; readonly trouble: Trouble } {
  return { type: 'ended', trouble: badAnswer(asked, `an event is larger than ${LINE_BYTES_MAX} bytes`) };
}

/** The name alone: the message of an exception may quote what was received. */
function brokenOff(asked: Asked, error: Error): Trouble {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return badAnswer(asked, `the connection broke off (${/^\w{1,60}$/.test(code) ? code : 'unknown error'})`);
}

/** Lines of a stream, empty ones left out; null instead of one that is too long. */
async function* linesOf(stream: ByteStream): AsyncGenerator<string | null, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
    if (rest.length > LINE_BYTES_MAX) yield null;
  }
}
