/** What a request to the API server came to. Nothing is thrown for what a server or a network does: an answer is data. */
export type Outcome<T> = { readonly outcome: 'ok'; readonly value: T } | Trouble;

/** `message` is a whole sentence for people, and holds no credential. */
export type Trouble =
  | { readonly outcome: 'not-found'; readonly message: string }
  /** 409. `exists`: an object of this name is there already. `stale`: it was changed since it was read. */
  | { readonly outcome: 'conflict'; readonly reason: 'exists' | 'stale'; readonly message: string }
  /** 410: the resourceVersion or the page asked for is no longer kept; list again. */
  | { readonly outcome: 'gone'; readonly message: string }
  /** 401, or 403 with the permission that is missing. Somebody has to change something. */
  | { readonly outcome: 'forbidden'; readonly message: string }
  /** 400, 422 and the like: the server will not take this object, however often it is sent. */
  | { readonly outcome: 'invalid'; readonly message: string }
  /** No usable answer: nobody there, too late, 429, 5xx. A write may have been carried out unless `nothingDone`. */
  | {
      readonly outcome: 'unreachable';
      readonly message: string;
      readonly nothingDone: boolean;
      /** What the server asked to wait for. */
      readonly retryAfterMs: number | null;
    };

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
