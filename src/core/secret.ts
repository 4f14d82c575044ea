const inspect = Symbol.for('nodejs.util.inspect.custom');

/**
 * A value that is shown once and must never be printed (invariant I4). Every way JavaScript has of turning an
 * object into text gives `[secret]`; only {@link reveal} gives the value, so a search for `reveal(` finds every use.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The plain value. Callers hand it to a store or to the Authorization header and to nothing else. */
  reveal(): string {
    return this.#value;
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.toPrimitive](): string {
    return '[secret]';
  }

  [inspect](): string {
    return '[secret]';
  }
}
