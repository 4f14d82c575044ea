import { type SystemFailure, systemFailure } from '../errno.ts';

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: SystemFailure };

/** Runs a file operation and turns what the system refused into data; an error of any other kind is thrown on. */
export function attempt<T>(operation: () => T): Attempt<T> {
  try {
    return { ok: true, value: operation() };
  } catch (error) {
    const failure = systemFailure(error);
    if (failure === null) throw error;
    return { ok: false, failure };
  }
}
