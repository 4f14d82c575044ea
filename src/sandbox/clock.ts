/** The sandbox's time: an offset over a base clock that stands still in tests and is the real one for a person. */
export interface SandboxClock {
  /** Milliseconds since the epoch. */
  now(): number;
  advance(ms: number): void;
  set(ms: number): void;
}

export interface OffsetClock extends SandboxClock {
  offset(): number;
  setOffset(ms: number): void;
}

/** The moment at which a sandbox without a real clock begins: 2026-06-15T12:00:00Z. */
export const SANDBOX_EPOCH_MS = Date.UTC(2026, 5, 15, 12);

export function createClock(base: () => number): OffsetClock {
  let offsetMs = 0;
  return {
    now: () => base() + offsetMs,
    advance: (ms) => {
      offsetMs += ms;
    },
    set: (ms) => {
      offsetMs = ms - base();
    },
    offset: () => offsetMs,
    setOffset: (ms) => {
      offsetMs = ms;
    },
  };
}
