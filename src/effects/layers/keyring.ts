import type { Secret } from '../../core/secret.ts';

/** What a key is wanted for: to ask whose it is, to see whether the API answers at all, or for everything else. */
export type KeyPurpose = 'whoami' | 'look' | 'call';

/**
 * The key that requests travel with. A key file may be replaced under a running daemon, by the key of another parent or by
 * one with a replay memory of its own (I6, P3). So whoami is asked with the key as it is now, and everything else goes on
 * with the one whose answer was accepted, until the next answer is.
 */
export interface Keyring {
  readonly keyFor: (purpose: KeyPurpose) => Secret;
  /** The key that whoami was last asked with is that of the bound parent. */
  readonly accept: () => void;
}

export function createKeyring(present: () => Secret): Keyring {
  let asked: Secret | null = null;
  let accepted: Secret | null = null;
  return {
    keyFor(purpose) {
      if (purpose === 'call') return accepted ?? present();
      const key = present();
      if (purpose === 'whoami') asked = key;
      return key;
    },
    accept() {
      accepted = asked ?? accepted;
    },
  };
}
