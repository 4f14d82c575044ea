import { recordOf, type SlotContents, type SlotReading, storedIn } from './slot-contents.ts';
import { slotPath } from './slot-files.ts';
import type { SecretSlot, StoredSecret } from './store.ts';

/** How a slot stands in one flat document of texts, so that every tool can take a single member out of it. */

/** The members that are secrets; `secret` is the one that people read. */
export const secretMembers = ['secret', 'previousSecret'] as const;

const members = {
  current: { secret: 'secret', id: 'id', prefix: 'prefix', createdAt: 'createdAt' },
  previous: {
    secret: 'previousSecret',
    id: 'previousId',
    prefix: 'previousPrefix',
    createdAt: 'previousCreatedAt',
  },
} as const;

type Members = (typeof members)[keyof typeof members];

/** The slot's path, which tells its document from one that somebody copied or wrote for something else. */
const SLOT = 'slot';

export type SlotDocument = Readonly<Record<string, unknown>>;

/** `name` is how messages call it; nothing that it holds is repeated in one. */
export function readSlotDocument(slot: SecretSlot, document: SlotDocument, name: string): SlotReading {
  if (document[SLOT] !== slotPath(slot)) {
    const message = `${name} is there already and belongs to something else; it is left as it is. Move it away`;
    return { kind: 'foreign', message };
  }
  const current = storedAt(document, members.current);
  const previous = storedAt(document, members.previous);
  const named = new Set<string>([SLOT, ...recordMembers]);
  if (typeof current !== 'string') named.add(members.current.secret);
  if (typeof previous !== 'string') named.add(members.previous.secret);
  const contents: SlotContents = {
    current: typeof current === 'string' ? null : current,
    previous: typeof previous === 'string' ? null : previous,
    others: Object.fromEntries(Object.entries(document).filter(([member]) => !named.has(member))),
    probe: null,
  };
  if (typeof current !== 'string') return { kind: 'ours', contents };
  const message = `${name} holds a secret of an unknown key: ${current}. Restore it, or move it away`;
  return { kind: 'unknown', message, contents };
}

const recordMembers = Object.values(members).flatMap(({ id, prefix, createdAt }) => [id, prefix, createdAt]);

function storedAt(document: SlotDocument, { secret, id, prefix, createdAt }: Members): ReturnType<typeof storedIn> {
  const text = document[secret] ?? null;
  if (text !== null && typeof text !== 'string') return `its member ${secret} is no text`;
  const record = { id: document[id], prefix: document[prefix] ?? null, createdAt: document[createdAt] ?? null };
  return storedIn(text, record, `its member ${id}`);
}

/** All that the document is to hold; the secrets in it are in plain text. */
export function slotDocument(slot: SecretSlot, { current, previous, others }: SlotContents): SlotDocument {
  return {
    ...others,
    [SLOT]: slotPath(slot),
    ...written(current, members.current),
    ...written(previous, members.previous),
  };
}

function written(stored: StoredSecret | null, names: Members): SlotDocument {
  if (stored === null) return {};
  const { id, prefix, createdAt } = recordOf(stored);
  return {
    [names.secret]: stored.secret.reveal(),
    [names.id]: id,
    ...(prefix === null ? {} : { [names.prefix]: prefix }),
    ...(createdAt === null ? {} : { [names.createdAt]: createdAt }),
  };
}
