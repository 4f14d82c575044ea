/** One seeded mistake in the protocol of money and secrets, of the kind that somebody could make (correctness 3). */
export interface Mutant {
  /** Says what is wrong, in a few words. */
  readonly id: string;
  /** Of correctness 1. */
  readonly breaks: string;
  /** Each text stands in its file exactly once, so that a refactoring breaks this list loudly. */
  readonly edits: readonly Edit[];
}

export interface Edit {
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

/** A mutant of one edit. */
export function mutant(id: string, breaks: string, file: string, search: string, replace: string): Mutant {
  return { id, breaks, edits: [{ file, search, replace }] };
}
