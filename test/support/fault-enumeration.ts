import { crash, isCrash, type MemoryFileSystem, type Operation, type PendingChange } from './memory-filesystem.ts';

const errnos = [
  'EIO',
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EMFILE',
  'ENFILE',
  'EXDEV',
  'ENAMETOOLONG',
] as const;

export interface Scenario<T> {
  /** A file system as the action finds it. */
  readonly prepare: () => MemoryFileSystem;
  readonly act: (fileSystem: MemoryFileSystem) => Promise<T> | T;
}

/** Where the fault struck, for the reason of an assertion. */
export interface Point {
  readonly label: string;
  readonly operation: Operation;
}

/** Kills the process before every operation, and in the middle of every write; hands over what the disk then holds. */
export async function atEveryCrash<T>(
  scenario: Scenario<T>,
  check: (fileSystem: MemoryFileSystem, point: Point) => Promise<void> | void,
): Promise<number> {
  let points = 0;
  for (const operation of await operationsOf(scenario)) {
    for (const tear of operation.kind === 'write' ? [null, 0, 1, 7] : [null]) {
      const fileSystem = scenario.prepare();
      fileSystem.onOperation = (current) => {
        if (current.index !== operation.index) return undefined;
        return tear === null ? crash() : { tear };
      };
      await untilCrash(() => scenario.act(fileSystem));
      fileSystem.onOperation = null;
      fileSystem.restart();
      points++;
      await check(fileSystem, point(`crash ${tear === null ? 'before' : `after ${tear} bytes of`}`, operation));
    }
  }
  return points;
}

/** Cuts the power before every operation and after the last; hands over every disk that the unsynced changes allow. */
export async function atEveryPowerLoss<T>(
  scenario: Scenario<T>,
  check: (fileSystem: MemoryFileSystem, point: Point, finished: boolean) => Promise<void> | void,
): Promise<number> {
  let points = 0;
  const operations = await operationsOf(scenario);
  const last = { index: operations.at(-1)?.index ?? 0, kind: 'close', path: 'the end' } as const;
  for (const operation of [...operations, null]) {
    const fileSystem = scenario.prepare();
    fileSystem.onOperation = (current) => (current.index === operation?.index ? crash() : undefined);
    await untilCrash(() => scenario.act(fileSystem));
    fileSystem.onOperation = null;
    for (const fate of fatesOf(fileSystem.pendingChanges())) {
      const disk = fileSystem.clone();
      disk.losePower((_change, index) => fate[index] ?? false);
      points++;
      await check(disk, point(`power lost (${fate.join(', ')}) before`, operation ?? last), operation === null);
    }
  }
  return points;
}

/** Fails every operation with every error, once and, with `sticky`, from then on. */
export async function atEveryError<T>(
  scenario: Scenario<T>,
  check: (fileSystem: MemoryFileSystem, result: T, point: Point) => Promise<void> | void,
): Promise<number> {
  let points = 0;
  for (const operation of await operationsOf(scenario)) {
    for (const code of errnos) {
      for (const sticky of [false, true]) {
        const fileSystem = scenario.prepare();
        fileSystem.onOperation = ({ index }) =>
          index === operation.index || (sticky && index > operation.index) ? { fail: code } : undefined;
        const result = await scenario.act(fileSystem);
        fileSystem.onOperation = null;
        points++;
        await check(fileSystem, result, point(`${code}${sticky ? ' from then on' : ''} at`, operation));
      }
    }
  }
  return points;
}

async function operationsOf<T>(scenario: Scenario<T>): Promise<readonly Operation[]> {
  const operations: Operation[] = [];
  const fileSystem = scenario.prepare();
  fileSystem.onOperation = (operation) => {
    operations.push(operation);
    return undefined;
  };
  await scenario.act(fileSystem);
  return operations;
}

async function untilCrash(action: () => unknown): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!isCrash(error)) throw error;
  }
}

function point(what: string, operation: Operation): Point {
  return { label: `${what} operation ${operation.index}, ${operation.kind} ${operation.path}`, operation };
}

/** Every combination of lost and kept; data may also be torn. */
function fatesOf(changes: readonly PendingChange[]): readonly (readonly (boolean | 'half')[])[] {
  return changes.reduce<(boolean | 'half')[][]>(
    (fates, { kind }) =>
      fates.flatMap((fate) =>
        (kind === 'data' ? [false, true, 'half' as const] : [false, true]).map((verdict) => [...fate, verdict]),
      ),
    [[]],
  );
}
