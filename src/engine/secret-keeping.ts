import type { SecretSlot, StoredSecret, StoreResult } from '../effects/secrets/store.ts';
import type { Pass } from './context.ts';
import { waitBeforeRetry } from './failure.ts';

/**
 * Stores a secret that was just shown, once and never again, trying for as long as a step may last (correctness K5). A
 * signal does not interrupt it: the value exists only here until the store has it (I3).
 */
export async function keepSecret(pass: Pass, slot: SecretSlot, secret: StoredSecret): Promise<StoreResult<void>> {
  const uninterrupted: Pass = { ...pass, signal: new AbortController().signal, stoppedBy: null };
  for (let attempt = 0; ; attempt += 1) {
    const result = await pass.effects.secrets.put(slot, secret);
    if (result.ok) return result;
    if (!(await waitBeforeRetry(uninterrupted, slot.externalId, 'the secret store refused a secret', attempt)))
      return result;
  }
}

/** Before status names what slots hold, it survives a loss of power, whichever process put it there (I3). */
export async function settleSecrets(pass: Pass, slots: readonly SecretSlot[]): Promise<StoreResult<void>> {
  for (const slot of slots) {
    const settled = await pass.effects.secrets.settle(slot);
    if (!settled.ok) return settled;
  }
  return { ok: true, value: undefined };
}

/** What a store says, as a whole sentence: some end theirs with a stop, and some leave that to whoever goes on. */
export function sentenceOf({ message }: { readonly message: string }): string {
  return /[.!?…]$/.test(message) ? message : `${message}.`;
}
