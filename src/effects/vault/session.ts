import { z } from 'zod';
import { Secret } from '../../core/secret.ts';
import type { Clock } from '../clock.ts';
import { formsOf } from '../layers/wording.ts';
import type { VaultConnection, VaultConnectionResult } from './connection.ts';
import { readVaultAnswer, trouble, type VaultOutcome } from './outcome.ts';
import type { VaultRequest, VaultWire } from './wire.ts';

/** Requests as somebody who is logged in. */
export interface VaultSession {
  /** @param hidden secrets of the request, which no message may repeat */
  send(request: Omit<VaultRequest, 'token' | 'body'>, body?: Secret, hidden?: readonly Secret[]): Promise<VaultOutcome>;
}

export interface VaultSessionOptions {
  /** Asked until it is good: a file that is missing now may be there later. */
  readonly connect: () => VaultConnectionResult;
  readonly openWire: (connection: VaultConnection) => VaultWire;
  readonly clock: Pick<Clock, 'now'>;
}

const loggedIn = z.object({ auth: z.object({ client_token: z.string().min(1), lease_duration: z.number() }) });

interface Opened {
  readonly connection: VaultConnection;
  readonly wire: VaultWire;
}

interface Token {
  readonly secret: Secret;
  /** When it is to be replaced; null: never, as far as we know. */
  readonly untilMs: number | null;
}

export function createVaultSession({ connect, openWire, clock }: VaultSessionOptions): VaultSession {
  let opened: Opened | null = null;
  let held: Token | null = null;

  function open(): Opened | { readonly message: string } {
    if (opened) return opened;
    const result = connect();
    if (!result.ok) return { message: result.message };
    const { connection } = result;
    opened = { connection, wire: openWire(connection) };
    return opened;
  }

  async function logIn({ connection, wire }: Opened): Promise<Token | VaultOutcome> {
    const { login } = connection;
    if (login.kind === 'token') return { secret: login.token(), untilMs: null };
    if (held && (held.untilMs === null || clock.now() < held.untilMs)) return held;
    const credentials = login.body();
    if (!credentials.ok) return trouble('refused', credentials.message);
    const plain = Object.entries(credentials.body).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : value.reveal(),
    ]);
    const body = JSON.stringify(Object.fromEntries(plain));
    const path = `/v1/auth/${login.mount}/login`;
    const answer = await wire.send({ method: 'POST', path, body, token: null });
    const hidden = plain.flatMap(([name, value]) => (name.startsWith('role') ? [] : formsOf(value)));
    const outcome = readVaultAnswer(answer, hidden);
    if (outcome.kind === 'trouble')
      return { ...outcome, message: `logging in at auth/${login.mount} failed: ${outcome.message}` };
    const auth = loggedIn.safeParse(outcome.json).data?.auth;
    if (auth === undefined) return trouble('refused', `logging in at auth/${login.mount} gave no token`);
    const lifeMs = auth.lease_duration * 1000 * RENEWED_AFTER;
    held = { secret: new Secret(auth.client_token), untilMs: lifeMs === 0 ? null : clock.now() + lifeMs };
    return held;
  }

  return {
    async send(request, body, hidden = []) {
      for (let isAgain = false; ; isAgain = true) {
        const at = open();
        if ('message' in at) return trouble('refused', at.message);
        const wasHeld = held !== null;
        const token = await logIn(at);
        if ('kind' in token) return token;
        const text = token.secret.reveal();
        const wire = await at.wire.send({ ...request, ...(body ? { body: body.reveal() } : {}), token: text });
        const forms = [token.secret, ...hidden].flatMap((secret) => formsOf(secret.reveal()));
        const outcome = readVaultAnswer(wire, forms);
        // A token of an earlier login may have been revoked, or its lease be shorter than it said.
        if (outcome.kind !== 'trouble' || outcome.reason !== 'denied' || !wasHeld || isAgain) return outcome;
        held = null;
      }
    },
  };
}

/** Of a lease; a token that ends in the middle of a step would cost an attempt. */
const RENEWED_AFTER = 0.8;
