import { type Announcement, announcementsOf, refusalOf } from '../../core/announcements.ts';
import { canonicalJson } from '../../core/canonical.ts';
import { customerResource } from '../../core/declaration/customer-resource.ts';
import { refusedStatus } from '../../core/refused-status.ts';
import type { Announcer } from '../announcer.ts';
import { sha256 } from '../chance.ts';
import type { Clock } from '../clock.ts';
import { writeCustomerStatus } from '../status/kubernetes-store.ts';
import type { KubernetesClient } from './client.ts';
import { events } from './kinds.ts';

/** An object as the last list showed it. */
export interface SeenObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
}

export interface KubernetesAnnouncerOptions {
  readonly client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>;
  readonly clock: Pick<Clock, 'now'>;
  /** The object that stands where a file would. */
  readonly objectAt: (file: string) => SeenObject | null;
  /** Which of our processes speaks. */
  readonly instance: string;
  /** Told once for each kind of trouble; the pass goes on. */
  readonly onTrouble: (message: string) => void;
}

/** Nobody waits for an event, so a server that is slow is not waited for either. */
const DEADLINE_MS = 5_000;
/** The API takes a note of 1,024 bytes. */
const NOTE_BYTES_MAX = 1_000;
/** What was said is forgotten at some time, or a daemon would remember every event of its life. */
const REMEMBERED_MAX = 20_000;

/**
 * Events beside the object, each once for a generation of it: its name is made from what it says, so that neither another
 * replica nor a restart says it again. And for a declaration that cannot be used, which no pass visits, the condition
 * Ready: False, so that `kubectl get` and `kubectl wait` do not go on showing what was true before.
 */
export function createKubernetesAnnouncer(options: KubernetesAnnouncerOptions): Announcer {
  const said = new Set<string>();
  const troubles = new Set<string>();
  let tail = Promise.resolve();

  function enqueue(work: () => Promise<string | null>): void {
    tail = tail.then(async () => {
      const trouble = await work();
      if (trouble === null || troubles.has(trouble)) return;
      troubles.add(trouble);
      options.onTrouble(trouble);
    });
  }

  function say(object: SeenObject, announcement: Announcement): void {
    const name = eventName(object, announcement);
    if (said.has(name)) return;
    if (said.size >= REMEMBERED_MAX) said.clear();
    said.add(name);
    const { namespace } = object;
    const body = eventBody(object, name, announcement, options);
    enqueue(async () => {
      const created = await options.client.create(events, { namespace }, body, { deadlineMs: DEADLINE_MS });
      return created.outcome === 'ok' || created.outcome === 'conflict' ? null : created.message;
    });
  }

  return {
    visited({ file }, visit) {
      const object = options.objectAt(file);
      if (object === null) return;
      for (const announcement of announcementsOf(visit)) say(object, announcement);
    },
    refused(broken) {
      for (const one of broken) {
        const object = options.objectAt(one.file);
        const refusal = refusalOf(one);
        if (object === null || refusal === null) continue;
        say(object, refusal);
        enqueue(() => showRefusal(options, object, refusal));
      }
    },
    flush: () => tail,
  };
}

/** Everything that was recorded stays: it is what vetoes once the declaration is mended (I7). */
async function showRefusal(
  { client, clock }: KubernetesAnnouncerOptions,
  object: SeenObject,
  { reason, note }: Announcement,
): Promise<string | null> {
  const nowIso = new Date(clock.now()).toISOString();
  const { uid, generation } = object;
  const written = await writeCustomerStatus(client, object, ({ status, metadata }) =>
    // Somebody has changed it since: the verdict is about what it was.
    metadata.uid === uid && metadata.generation === generation
      ? refusedStatus(status, { reason, message: note, observedGeneration: generation, nowIso })
      : 'leave',
  );
  return written.ok ? null : written.message;
}

/** The same for the same thing said about the same generation of the same object; at most 253 characters (DNS-1123). */
function eventName({ uid, generation, name }: SeenObject, { reason, note }: Announcement): string {
  const digest = sha256(canonicalJson([uid, generation, reason, note])).slice('sha256:'.length, 'sha256:'.length + 16);
  return `${name.slice(0, 230).replace(/[^a-z0-9]+$/, '')}.${digest}`;
}

function eventBody(
  { namespace, name: regarded, uid }: SeenObject,
  name: string,
  { type, reason, action, note }: Announcement,
  { clock, instance }: Pick<KubernetesAnnouncerOptions, 'clock' | 'instance'>,
): object {
  const { group, version, kind } = customerResource;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace },
    // MicroTime: six digits of a second, of which we know three.
    eventTime: new Date(clock.now()).toISOString().replace('Z', '000Z'),
    reportingController: group,
    reportingInstance: instance.slice(0, 128),
    regarding: { apiVersion: `${group}/${version}`, kind, namespace, name: regarded, uid },
    type,
    reason,
    action,
    note: withinBytes(note, NOTE_BYTES_MAX),
  };
}

function withinBytes(text: string, most: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= most) return text;
  // What is cut in the middle of a character is left out.
  return `${new TextDecoder().decode(bytes.slice(0, most - 3)).replace(/\ufffd+$/, '')}…`;
}
