import { dirname, join } from 'node:path';
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
  const secret = `${join(root, slotPath(slot))}${suffix}`;
  return {
    parentDirectory: join(root, fileNameOf(slot.parentOrganizationId)),
    directory: dirname(secret),
    secret,
    record: `${secret}.json`,
    previousSecret: `${secret}.previous`,
    previousRecord: `${secret}.previous.json`,
    probe: `${secret}.probe`,
  };
}

/**
 * The path of a slot in any store that has paths, `<parent>/customers/<externalId>/<name>` or `<parent>/webhooks/<name>`:
 * letters, digits and `_ - . % ~`, with slashes between, and a different one for each slot.
 */
export function slotPath({ parentOrganizationId, externalId, name }: SecretSlot): string {
  const owner = externalId === null ? ['webhooks'] : ['customers', fileNameOf(externalId)];
  // No dot stays in the name, so that a key called `acme.json` cannot take the place of the record of `acme`.
  return [fileNameOf(parentOrganizationId), ...owner, fileNameOf(name).replaceAll('.', '%2E')].join('/');
}
