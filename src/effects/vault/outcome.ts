import { z } from 'zod';
import { readJson } from '../layers/json.ts';
import type { WireAnswer } from '../layers/transport.ts';
import { cleanText } from '../layers/wording.ts';

/** What a request to Vault came to. Nothing is thrown for what a server or a network does: an answer is data. */
export type VaultOutcome = { readonly kind: 'answer'; readonly status: number; readonly json: unknown } | VaultTrouble;

export interface VaultTrouble {
  readonly kind: 'trouble';
  /**
   * `away`: no usable answer; a write may have been carried out. `stale`: check-and-set found another version. `denied`:
   * 403, for whatever reason. `refused`: anything else that somebody has to change something for.
   */
  readonly reason: 'away' | 'stale' | 'denied' | 'refused';
  /** For people, as a piece of a sentence; holds no credential. */
  readonly message: string;
}

const refusal = z.object({ errors: z.array(z.string()) });

/** @param hidden values that may appear in no message */
export function readVaultAnswer(wire: WireAnswer, hidden: readonly string[]): VaultOutcome {
  if (wire.kind === 'failure') return trouble('away', cleanText(wire.message, hidden).replace(/\.$/, ''));
  const { status } = wire;
  const json = readJson(wire.body);
  const value = json.ok ? json.value : null;
  if (status === 204 || (status === 200 && json.ok)) return { kind: 'answer', status, json: value };
  if (status === 200) return trouble('away', `its answer cannot be used: ${json.ok ? '' : json.message}`);
  const errors = refusal.safeParse(value).data?.errors ?? [];
  // An empty path, or a version that somebody deleted: both are 404 without a complaint (KV v2, "Read secret version").
  if (status === 404 && errors.length === 0 && json.ok) return { kind: 'answer', status, json: value };
  const said = cleanText(errors.join('; ').replace(/\d+ errors? occurred:/, ''), hidden);
  return troubleOf(status, said);
}

function troubleOf(status: number, said: string): VaultTrouble {
  const quoted = said === '' ? '' : `: ${said}`;
  if (status >= 300 && status < 400)
    return trouble(
      'refused',
      `it answers with a redirect (${status}), which is not followed; let secrets.address name the active node, or what stands before all`,
    );
  if (status === 400 && /check-and-set parameter did not match/.test(said))
    return trouble('stale', 'somebody else wrote meanwhile');
  if (status === 403) return trouble('denied', `it answered 403${quoted}`);
  if (status === 404 && /no handler for route/.test(said))
    return trouble('refused', `there is no secrets engine where secrets.mount says (404${quoted})`);
  if (status === 503 && /sealed/i.test(said)) return trouble('away', 'it is sealed; somebody has to unseal it');
  // Too many requests, a replica that lags behind (412), and whatever is wrong on its side.
  if (status === 429 || status === 412 || status === 408 || status >= 472)
    return trouble('away', `it answered ${status}${quoted}`);
  return trouble('refused', `it answered ${status}${quoted}`);
}

export function trouble(reason: VaultTrouble['reason'], message: string): VaultTrouble {
  return { kind: 'trouble', reason, message };
}
