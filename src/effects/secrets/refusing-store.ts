import type { SecretStore } from './store.ts';

/** A store that keeps nothing, because what it kept would be lost; `why` says so wherever a secret is asked for. */
export function createRefusingSecretStore(why: string): SecretStore {
  const refusal = async () => ({ ok: false, message: `${why}.` }) as const;
  return {
    probe: refusal,
    read: refusal,
    put: refusal,
    settle: refusal,
    readPrevious: refusal,
    removePrevious: refusal,
    reference: () => 'no store',
  };
}
