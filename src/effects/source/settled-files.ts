import type { UnusableFile } from '../../core/declaration/identity.ts';
import type { Clock } from '../clock.ts';

/** For a daemon, which reads while others write; a one-shot run is started when the files are in place. */
export interface Settling {
  readonly clock: Clock;
  /** A change is believed when two reads so far apart agree. */
  readonly quietMs?: number;
  /** And only after so long where the text looks as if its end were still to come. */
  readonly tornMs?: number;
}

export const QUIET_MS = 300;
export const TORN_MS = 5_000;

/** One look at a file. */
export interface Sighting {
  /** A text that cannot be used freezes its customer anyhow, and needs no longer look. */
  readonly isUsable: boolean;
  /** A hash of what it declares: comments, order and our own status do not count. */
  readonly meaning: string;
  /** Whose file it is, as far as it can be read. */
  readonly claim: UnusableFile['claim'];
  readonly length: number;
  /** Its last line has no end. */
  readonly isOpen: boolean;
  /** Wall clock of the last write, milliseconds since the epoch. */
  readonly modifiedMs: number;
}

export interface SettledFiles {
  readonly settling: Required<Settling>;
  /** True when what was seen may be worked from. Otherwise the file's customer is to be left as it is. */
  admit(file: string, sighting: Sighting): boolean;
  /** Of the files that were admitted, those that are missing, not long enough yet to be believed gone. */
  missing(present: ReadonlySet<string>): readonly string[];
  /** Whose file it was when it was last admitted. */
  claimOf(file: string): UnusableFile['claim'];
}

/**
 * A half-written file may freeze its customer for a moment, and nothing else. Read as it stands it could do more: keys
 * listed to the half would mint one that nobody declared (I5), a `reconcile.yaml` without its last lines would switch
 * guards off (I8). So a change counts once two reads agree; and where the text became shorter or breaks off in the middle
 * of a line, as it does under a writer who pauses, once it stood still for seconds. What is frozen meanwhile is not the
 * old version going on: money must never follow a declaration that is known to be outdated (I1').
 */
export function createSettledFiles({ clock, quietMs = QUIET_MS, tornMs = TORN_MS }: Settling): SettledFiles {
  const admitted = new Map<string, Sighting>();
  const candidates = new Map<string, { readonly meaning: string; readonly since: number }>();

  /** How long the file has said this, as far as we looked. */
  const ageMs = (file: string, meaning: string): number => {
    const now = clock.monotonic();
    const candidate = candidates.get(file);
    if (candidate?.meaning === meaning) return now - candidate.since;
    candidates.set(file, { meaning, since: now });
    return 0;
  };

  const isSettled = (file: string, sighting: Sighting): boolean => {
    const known = admitted.get(file);
    if (known?.meaning === sighting.meaning) return true;
    const age = ageMs(file, sighting.meaning);
    const looksTorn = sighting.isUsable && (sighting.isOpen || sighting.length < (known?.length ?? 0));
    // The time of the last write is only asked for a longer wait than two reads: some writers set it back.
    const quiet = Math.max(age, clock.now() - sighting.modifiedMs);
    return age >= quietMs && (!looksTorn || quiet >= tornMs);
  };

  return {
    settling: { clock, quietMs, tornMs },
    claimOf: (file) => admitted.get(file)?.claim ?? null,
    admit: (file, sighting) => {
      if (!isSettled(file, sighting)) return false;
      candidates.delete(file);
      admitted.set(file, sighting);
      return true;
    },
    missing: (present) => {
      const doubtful: string[] = [];
      for (const file of admitted.keys()) {
        if (present.has(file)) continue;
        if (ageMs(file, 'gone') < quietMs) doubtful.push(file);
        else {
          admitted.delete(file);
          candidates.delete(file);
        }
      }
      return doubtful;
    },
  };
}
