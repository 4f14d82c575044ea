import type { Fault } from './state.ts';

export interface SandboxRequest {
  readonly method: string;
  /** Path and query, beginning with `/v1/`. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What leaves the server. `afterMs` is how long the caller waits for it; the caller's own clock decides what that means. */
export type SandboxAnswer =
  | Sent<'response'>
  /** The connection closed in the middle of the body: `body` is the part that arrived. */
  | Sent<'truncated'>
  /** No answer. `reached`, whether the server saw the request, is for oracles: a client cannot know it. */
  | { readonly kind: 'none'; readonly reached: boolean; readonly afterMs: number };

interface Sent<Kind> {
  readonly kind: Kind;
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly afterMs: number;
}

/** One request on its way through the server. */
export interface Exchange {
  readonly request: SandboxRequest;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly nowMs: number;
  readonly requestId: string;
  readonly fault: Fault | null;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly replayed: boolean;
}
