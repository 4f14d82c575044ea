/**
 * The one door to the network. The client makes {@link WireRequest}s and reads {@link WireAnswer}s; an implementation
 * carries bytes and judges nothing. `undici-transport.ts` is the real one; tests put the sandbox's handler behind it.
 */
export interface Transport {
  send(request: WireRequest): Promise<WireAnswer>;
}

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query, beginning with `/v1/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Called immediately before the body's bytes are handed over; a throw means that nothing is sent. */
  readonly fence?: () => void;
}

export type WireAnswer =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Lower-case names; a repeated header is joined with `, `. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | {
      readonly kind: 'failure';
      /** `nothing-sent`: it is certain that the server saw no complete request. */
      readonly certainty: 'nothing-sent' | 'unknown';
      readonly code: 'NETWORK' | 'TIMEOUT' | 'BAD_ANSWER' | 'STALE_INTENT';
      readonly message: string;
    };
