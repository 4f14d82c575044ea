import type { Instruments } from './instruments.ts';

export interface ConfigMetrics {
  /** `newlyBroken`: files that cannot be used any more, or for another reason than before. */
  noteLoaded(newlyBroken: number): void;
  /** reconcile.yaml, or every customer file: nobody can be worked on. */
  noteFailed(): void;
}

/** Whether what is declared can be read. */
export function createConfigMetrics(make: Instruments, now: () => number): ConfigMetrics {
  let loadedAtMs: number | null = null;
  const errors = make.counter(
    'config_load_errors_total',
    'Declarations that could not be used: reconcile.yaml, or a customer file that became unusable.',
  );
  let isLoaded: boolean | null = null;
  make.scraped(
    'config_last_reload_successful',
    'Whether the declarations could be read the last time; 0 freezes all writes.',
    [],
    () => (isLoaded === null ? [] : [{ value: isLoaded ? 1 : 0 }]),
  );
  make.scraped('config_last_reload_success_timestamp_seconds', 'When the declarations could be read last.', [], () =>
    loadedAtMs === null ? [] : [{ value: loadedAtMs / 1000 }],
  );
  return {
    noteLoaded(newlyBroken) {
      errors.inc(newlyBroken);
      isLoaded = true;
      loadedAtMs = now();
    },
    noteFailed() {
      errors.inc();
      isLoaded = false;
    },
  };
}
