import { systemChance } from '../effects/chance.ts';
import { systemClock } from '../effects/clock.ts';
import { acquireLock } from '../effects/lock.ts';
import { ensureWorkspaceState } from '../effects/workspace-state.ts';
import { exitCodes } from './exit-code.ts';
import { disk } from './stores.ts';

export type Locked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly exitCode: number; readonly message: string };

/** Works with the lock of a workspace held, for a command that writes files and calls nothing that writes. */
export async function withLock<T>(directory: string, command: string, work: () => Promise<T>): Promise<Locked<T>> {
  const state = ensureWorkspaceState(disk, directory);
  if (!state.ok) return { ok: false, exitCode: exitCodes.cannotRun, message: state.message };
  const lock = await acquireLock({
    directory: state.directory,
    command,
    clock: systemClock,
    chance: systemChance,
  });
  if (!lock.ok) return { ok: false, exitCode: exitCodes.lockNotObtained, message: `${lock.message}.` };
  try {
    return { ok: true, value: await work() };
  } finally {
    lock.lock.release();
  }
}
