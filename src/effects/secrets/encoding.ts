import type { Secret } from '../../core/secret.ts';
import type { StoreResult } from './store.ts';

/**
 * How a secret stands in its file, and what that asks of the place. Everything else, above all the order of the writes,
 * is the same for all encodings (file-store.ts, docs/decisions/0003-secret-file-layout.md).
 */
export interface SecretEncoding {
  /** Begins the references in status and plans: `file:<path>`. */
  readonly scheme: string;
  /** Follows the name of each file that holds a secret. */
  readonly suffix: string;
  /** Follows the text in the file. */
  readonly end: '' | '\n';
  /**
   * Whether the files may be read by others and committed; otherwise they are 0600 in 0700, and git must not track them.
   */
  readonly mayBeCommitted: boolean;
  /** Whether one secret always gives one text, so that texts that differ are different secrets. */
  readonly isDeterministic: boolean;
  /** Proves, before anything is minted, that what {@link encode} will write can be opened again. */
  prove(): Promise<StoreResult<void>>;
  /** The text for the file. One and the same object gives one and the same text: a repeated put changes nothing. */
  encode(secret: Secret): Promise<StoreResult<Secret>>;
  /** The secret in a text, where no key is needed to read it; else null. */
  plainIn(text: Secret): Secret | null;
  /** Whether a text that was read back is the secret, as far as anybody here can tell (correctness K5). */
  confirm(text: Secret, secret: Secret): Promise<StoreResult<void>>;
  /** Why a text cannot be one that {@link encode} wrote, as the end of a sentence about its file; null when it can. */
  flawIn(text: string): string | null;
}

/** The secret as it is: whoever may read the file has it. */
export const plainEncoding: SecretEncoding = {
  scheme: 'file',
  suffix: '',
  end: '',
  mayBeCommitted: false,
  isDeterministic: true,
  prove: async () => ({ ok: true, value: undefined }),
  encode: async (secret) => ({ ok: true, value: secret }),
  plainIn: (text) => text,
  // The text is the secret, and the store has compared it with what it wrote.
  confirm: async () => ({ ok: true, value: undefined }),
  flawIn: () => null,
};
