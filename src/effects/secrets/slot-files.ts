import { join } from 'node:path';
import { fileNameOf } from '../file-names.ts';
import type { SecretSlot } from './store.ts';

/** Where a slot's files lie; see docs/decisions/0003-secret-file-layout.md. */
export interface SlotFiles {
  /** The parent's own directory; everything below it is ours. */
  readonly parentDirectory: string;
  readonly directory: string;
  /** The secret, plain or encrypted, and nothing else. */
  readonly secret: string;
  readonly record: string;
  readonly previousSecret: string;
  readonly previousRecord: string;
  readonly probe: string;
}

/** `suffix` follows the name of the secret, so that two encodings in one directory never share a file. */
export function slotFiles(root: string, slot: SecretSlot, suffix: string): SlotFiles {
  const parentDirectory = join(root, fileNameOf(slot.parentOrganizationId));
  const directory =
    slot.externalId === null
      ? join(parentDirectory, 'webhooks')
      : join(parentDirectory, 'customers', fileNameOf(slot.externalId));
  // No dot stays in the name, so that a key called `acme.json` cannot take the place of the record of `acme`.
  const secret = join(directory, `${fileNameOf(slot.name).replaceAll('.', '%2E')}${suffix}`);
  return {
    parentDirectory,
    directory,
    secret,
    record: `${secret}.json`,
    previousSecret: `${secret}.previous`,
    previousRecord: `${secret}.previous.json`,
    probe: `${secret}.probe`,
  };
}
