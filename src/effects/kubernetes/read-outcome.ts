import { z } from 'zod';
import { retryAfterMs } from '../layers/headers.ts';
import { readJson } from '../layers/json.ts';
import type { WireAnswer } from '../layers/transport.ts';
import { cleanText } from '../layers/wording.ts';
import { type Kind, nameOf, type Place } from './kind.ts';
import type { Outcome, Trouble, Verb } from './outcome.ts';

/** What was asked, for the words of a refusal. */
export interface Asked {
  readonly verb: Verb;
  readonly kind: Kind<unknown>;
  readonly place: Place & { readonly name?: string };
  readonly subresource?: 'status' | undefined;
}

/** `metav1.Status`, the body of every refusal and of the last event of a watch. */
const statusSchema = z.object({
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** Reads an answer; `hidden` are values that may appear in no message. Never throws, whatever the server sent. */
export function readOutcome<T>(
  wire: WireAnswer,
  shape: z.ZodType<T>,
  asked: Asked,
  hidden: readonly string[],
  nowMs: number,
): Outcome<T> {
  if (wire.kind === 'failure') {
    const nothingDone = wire.certainty === 'nothing-sent';
    return { outcome: 'unreachable', message: cleanText(wire.message, hidden), nothingDone, retryAfterMs: null };
  }
  const json = readJson(wire.body);
  if (wire.status < 200 || wire.status >= 300) {
    const status = statusSchema.safeParse(json.ok ? json.value : null).data ?? {};
    const trouble = troubleOf({ ...status, code: wire.status }, asked, hidden);
    const after = retryAfterMs(wire.headers, nowMs) ?? null;
    return trouble.outcome === 'unreachable' ? { ...trouble, retryAfterMs: after } : trouble;
  }
  if (!json.ok) return badAnswer(asked, json.message);
  return readObject(json.value, shape, asked);
}

/** An object as the server sent it, in an answer or in an event. */
export function readObject<T>(json: unknown, shape: z.ZodType<T>, asked: Asked): Outcome<T> {
  const parsed = shape.safeParse(json);
  if (parsed.success) return { outcome: 'ok', value: parsed.data };
  // The path alone: a message of zod's may quote what it found.
  const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  return badAnswer(asked, `not in the form that is documented for ${nameOf(asked.kind)} (${where || 'its top level'})`);
}

export function badAnswer(asked: Asked, why: string): Trouble {
  const message = `The API server's answer to ${whatOf(asked)} cannot be used: ${why}.`;
  return { outcome: 'unreachable', message, nothingDone: false, retryAfterMs: null };
}

/** The `object` of a watch's ERROR event. */
export function readWatchError(json: unknown, asked: Asked, hidden: readonly string[]): Trouble {
  return troubleOf(statusSchema.safeParse(json).data ?? {}, asked, hidden);
}

function troubleOf(status: z.output<typeof statusSchema>, asked: Asked, hidden: readonly string[]): Trouble {
  const { code = 0, reason = '' } = status;
  const said = cleanText(status.message ?? '', hidden);
  const message = `The API server answered ${code}${reason === '' ? '' : ` ${cleanText(reason, hidden)}`} to ${whatOf(asked)}${said === '' ? '' : `: ${said}`}.`;
  if (code === 401)
    return {
      outcome: 'forbidden',
      message: `The API server does not accept our credentials (401) for ${whatOf(asked)}.`,
    };
  if (code === 403) return { outcome: 'forbidden', message: forbiddenMessage(asked, said) };
  if (code === 404) return { outcome: 'not-found', message };
  if (code === 409) return { outcome: 'conflict', reason: reason === 'AlreadyExists' ? 'exists' : 'stale', message };
  if (code === 410 || reason === 'Expired' || reason === 'Gone') return { outcome: 'gone', message };
  // Too many requests are turned away before they are looked at (API priority and fairness); a 5xx may come too late.
  if (code === 429) return { outcome: 'unreachable', message, nothingDone: true, retryAfterMs: null };
  if (code >= 400 && code < 500 && code !== 408) return { outcome: 'invalid', message };
  return { outcome: 'unreachable', message, nothingDone: false, retryAfterMs: null };
}

function forbiddenMessage({ verb, kind, place, subresource }: Asked, said: string): string {
  const resource = subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`;
  const role = place.namespace === null ? 'ClusterRole' : 'Role';
  const where = place.namespace === null ? '' : ` in namespace ${place.namespace}`;
  const rule = `apiGroups: ["${kind.group}"], resources: ["${resource}"], verbs: ["${verb}"]`;
  const quoted = said === '' ? '' : ` The server said: ${said}`;
  return `We may not ${verb} ${resource === kind.plural ? nameOf(kind) : `${resource} of ${kind.group}`}${where}: a ${role} bound to our account needs { ${rule} }.${quoted}`;
}

function whatOf({ verb, kind, place, subresource }: Asked): string {
  const object = place.name === undefined ? '' : ` ${place.name}`;
  const where = place.namespace === null ? '' : ` in namespace ${place.namespace}`;
  return `${verb} ${nameOf(kind)}${object}${subresource === undefined ? '' : ` (${subresource})`}${where}`;
}
