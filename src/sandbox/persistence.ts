import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isRecord } from './canonical.ts';
import { emptyEphemeral } from './fresh-state.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
import type { SandboxState } from './state.ts';

/** The state without what a mere read may change, so that reading never touches the file. */
type DurableState = Omit<SandboxState, 'ephemeral'>;

/**
 * A sandbox that lives in `<directory>/state.json`, on the real clock unless `options.now` is given. The file is
 * replaced whole, and is on disk before the answer of the request that changed it. Throws when the file is damaged, when
 * it cannot be written, and when another process wrote it in the meantime: it holds no money, so refusing is cheap.
 */
export function openPersistentSandbox(
  directory: string,
  options: Omit<SandboxOptions, 'state' | 'onChange'> = {},
): Sandbox {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = openStateFile(join(directory, 'state.json'));
  const state = file.read();
  const sandbox = createSandbox({
    now: Date.now,
    ...options,
    ...(state && { state: { ...state, ephemeral: emptyEphemeral(state.chance) } }),
    onChange: (snapshot) => file.write(snapshot()),
  });
  if (state === null) file.write(sandbox.snapshot());
  return sandbox;
}

interface StateFile {
  read(): DurableState | null;
  write(state: SandboxState): void;
}

function openStateFile(path: string): StateFile {
  let known = identityOf(path);
  return {
    read() {
      if (known === null) return null;
      const state = parse(readFileSync(path, 'utf8'));
      if (state) return state;
      throw new Error(
        `${path} is not a sandbox state, or was cut off. Delete the file to begin with a fresh sandbox; nothing real is lost.`,
      );
    },
    write({ ephemeral: _forgotten, ...durable }) {
      if (identityOf(path) !== known) {
        throw new Error(`${path} was changed by another process. Two sandboxes cannot share a directory: stop one.`);
      }
      replaceFile(path, `${JSON.stringify(durable)}\n`);
      known = identityOf(path);
    },
  };
}

/** Tells one version of the file from another; null when there is none. */
function identityOf(path: string): string | null {
  const facts = statSync(path, { throwIfNoEntry: false });
  return facts ? `${facts.ino} ${facts.size} ${facts.mtimeMs}` : null;
}

function replaceFile(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } catch (error) {
    closeSync(descriptor);
    unlinkSync(draft);
    throw error;
  }
  closeSync(descriptor);
  renameSync(draft, path);
  const directory = openSync(join(path, '..'), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

const TABLES = [
  'organizations',
  'wallets',
  'apiKeys',
  'ledger',
  'webhookEndpoints',
  'deliveries',
  'idempotency',
  'transfers',
] as const;

function parse(text: string): DurableState | null {
  try {
    const value: unknown = JSON.parse(text);
    return isDurableState(value) ? value : null;
  } catch {
    return null;
  }
}

/** Looks at the frame and at every row's id: enough to tell our own file from another or a torn one. */
function isDurableState(value: unknown): value is DurableState {
  if (!isRecord(value) || value['format'] !== 'layers-sandbox/1') return false;
  const numbers = ['version', 'chance', 'clockOffsetMs'].every((name) => Number.isSafeInteger(value[name]));
  const texts = ['parentOrganizationId', 'parentApiKeyId'].every((name) => typeof value[name] === 'string');
  const tables = TABLES.every((name) => {
    const rows: unknown = value[name];
    return Array.isArray(rows) && rows.every((row: unknown) => isRecord(row) && typeof row['id'] === 'string');
  });
  return numbers && texts && tables && Array.isArray(value['operations']);
}
