import { Secret } from '../../core/secret.ts';
import type { Chance } from '../chance.ts';
import type { ProgramEnd } from '../program.ts';
import type { StoreProgram } from './command-program.ts';
import { createDocumentSecretStore, type SlotDocuments } from './document-store.ts';
import { type SlotReading, secretsIn, withoutSecrets } from './slot-contents.ts';
import { readSlotDocument, type SlotDocument, secretMembers, slotDocument } from './slot-document.ts';
import { slotPath } from './slot-files.ts';
import type { SecretSlot, SecretStore, StoreResult } from './store.ts';

export interface CommandSecretStoreOptions {
  readonly program: StoreProgram;
  /** Credentials that it is given and might repeat. */
  readonly hidden: readonly Secret[];
  readonly chance: Pick<Chance, 'uuid'>;
}

/** `get`: there is nothing at the path (sysexits.h, EX_NOINPUT). A code that few programs end with by themselves. */
const NOTHING_THERE = 66;
/** `put`: what is there is not the revision that was to be replaced (sysexits.h, EX_TEMPFAIL). */
const CHANGED = 75;

/**
 * Secrets in whatever a program of the user's keeps them: one document for each slot, handed over on standard input and
 * taken from standard output, never an argument or a variable (I4). docs/secrets-and-status.md has the protocol. A program
 * that compares the revision it is told keeps two writers from replacing each other's secrets; of one that does not, what
 * is read back decides.
 */
export function createCommandSecretStore(options: CommandSecretStoreOptions): SecretStore {
  return createDocumentSecretStore(commandDocuments(options), options.chance);
}

/** The version of a document is its revision: 1, 2, …; 0 where there is none. */
function commandDocuments(options: CommandSecretStoreOptions): SlotDocuments<number> {
  const { program, chance } = options;
  const documents: SlotDocuments<number> = {
    nameOf: (slot) => `${slotPath(slot)} in ${program.name}`,
    reference: (slot) => `command:${slotPath(slot)}`,
    secretNames: secretMembers,
    prove: (slot) => prove(options, `${slotPath(slot)}.probe`, chance.uuid()),
    async read(slot) {
      const found = await get(options, slotPath(slot));
      if (!found.ok) return found;
      if (found.value === null) return { ok: true, value: { reading: null, version: 0 } };
      const { document, revision } = found.value;
      return { ok: true, value: { reading: readingOf(slot, document, documents.nameOf(slot)), version: revision } };
    },
    async write(slot, contents, version) {
      const document = slotDocument(slot, contents);
      return put(options, slotPath(slot), { document, revision: version ?? 0 }, secretsIn(contents));
    },
  };
  return documents;
}

/** Written, read back and removed beside the target; and that what is not there is told in the way that is understood. */
async function prove(options: CommandSecretStoreOptions, path: string, id: string): Promise<StoreResult<void>> {
  const { program } = options;
  // One of a process that died before it could remove it is replaced.
  const before = await get(options, path);
  if (!before.ok) return before;
  const document = { probe: id, filler: FILLER };
  const written = await put(options, path, { document, revision: before.value?.revision ?? 0 }, []);
  if (written.outcome !== 'ok') return { ok: false, message: written.message };
  const after = await get(options, path);
  if (!after.ok) return after;
  const found = after.value?.document;
  if (found?.['probe'] !== id || found['filler'] !== FILLER)
    return { ok: false, message: `${path} in ${program.name} does not read back as it was written` };
  const end = await program.run(['delete', path], null);
  const removed = end.kind === 'exited' && (end.code === 0 || end.code === NOTHING_THERE);
  if (!removed) return { ok: false, message: complaint(options, 'delete', path, end, []) };
  const gone = await get(options, path);
  if (!gone.ok) return gone;
  if (gone.value === null) return { ok: true, value: undefined };
  return { ok: false, message: `${path} in ${program.name} is still there after a delete that ended well` };
}

/** As long as a document gets, with what a careless script would expand, unescape or break into lines. */
const FILLER = `$HOME $(id) \`id\` %s \\n \\\\ "two"  'spaces' * ${'x'.repeat(1024)}`;

interface Found {
  /** Null where it is something else than a map in JSON. */
  readonly document: SlotDocument | null;
  readonly revision: number;
}

async function get(options: CommandSecretStoreOptions, path: string): Promise<StoreResult<Found | null>> {
  const { program } = options;
  const end = await program.run(['get', path], null);
  const failure = (message: string) => ({ ok: false, message }) as const;
  if (end.kind !== 'exited' || (end.code !== 0 && end.code !== NOTHING_THERE))
    return failure(complaint(options, 'get', path, end, []));
  const text = end.stdout.toString('utf8').trim();
  // Whether there is a secret must never be guessed: what is taken for nothing is written over.
  if (end.code === NOTHING_THERE && text !== '')
    return failure(
      `${program.name} get ${path} ended with exit code ${NOTHING_THERE}, for nothing there, and printed something`,
    );
  if (end.code === NOTHING_THERE) return { ok: true, value: null };
  if (text === '')
    return failure(
      `${program.name} get ${path} printed nothing; where there is nothing, it must end with exit code ${NOTHING_THERE}`,
    );
  return { ok: true, value: foundIn(text) };
}

function foundIn(text: string): Found {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { document: null, revision: 0 };
    const { revision, ...document }: Record<string, unknown> = { ...value };
    const isNumber = typeof revision === 'number' && Number.isSafeInteger(revision) && revision > 0;
    return { document, revision: isNumber ? revision : 0 };
  } catch {
    return { document: null, revision: 0 };
  }
}

function readingOf(slot: SecretSlot, document: SlotDocument | null, name: string): SlotReading {
  // What cannot be read is not repeated: it may be a secret that somebody put there by hand (I4).
  return readSlotDocument(slot, document ?? {}, name);
}

async function put(
  options: CommandSecretStoreOptions,
  path: string,
  { document, revision }: { readonly document: SlotDocument; readonly revision: number },
  secrets: readonly Secret[],
): ReturnType<SlotDocuments<number>['write']> {
  const text = `${JSON.stringify({ ...document, revision: revision + 1 })}\n`;
  const end = await options.program.run(['put', path, String(revision)], new Secret(text));
  if (end.kind === 'exited' && end.code === 0) return { outcome: 'ok' };
  const message = complaint(options, 'put', path, end, secrets);
  // Of one that failed or was stopped nobody knows what it did; the next attempt of the caller begins by reading.
  return { outcome: end.kind === 'exited' && end.code === CHANGED ? 'again' : 'failed', message };
}

/** What went wrong, with what the program said last, which is where the reason stands. */
function complaint(
  { program, hidden }: CommandSecretStoreOptions,
  verb: string,
  path: string,
  end: ProgramEnd,
  secrets: readonly Secret[],
): string {
  const what = `${program.name} ${verb} ${path}`;
  if (end.kind === 'not-started') return `${program.name} cannot be started: ${end.why}`;
  const why = end.kind === 'stopped' ? end.why : `ended with exit code ${end.code}`;
  const lines = end.stderr.split('\n').filter((line) => line.trim() !== '');
  const said = withoutSecrets(lines.slice(-LINES_SHOWN).join(' '), [...hidden, ...secrets]);
  return said === '' ? `${what} ${why} and said nothing` : `${what} ${why}: ${said.replace(/\.$/, '')}`;
}

const LINES_SHOWN = 3;
