import { crash, type Fault, type OperationKind, type PendingChange } from '../support/memory-filesystem.ts';

/** One way in which a file operation goes wrong. */
export interface DiskFault {
  readonly name: string;
  readonly of: (kind: OperationKind) => boolean;
  /** Applied to the operation; may throw {@link crash}. */
  readonly strike: () => Fault | undefined;
  /** Which unsynced changes survive, when the machine lost its power together with the process. */
  readonly powerLoss?: (change: PendingChange, index: number) => boolean | 'half';
}

const any = () => true;
const onWrite = (kind: OperationKind) => kind === 'write';
/** Operations that change something: before a mere read nothing new can be lost. */
export const changes = (kind: OperationKind) =>
  !['readFile', 'readDirectory', 'stat', 'realPath', 'close'].includes(kind);

const fails = (code: string): DiskFault => ({ name: code, of: any, strike: () => ({ fail: code }) });

const tears = (name: string, bytes: number): DiskFault => ({
  name: `tear-${name}`,
  of: onWrite,
  strike: () => ({ tear: bytes }),
});

const power = (name: string, powerLoss: NonNullable<DiskFault['powerLoss']>): DiskFault => ({
  name: `power-${name}`,
  of: changes,
  strike: () => crash(),
  powerLoss,
});

export const diskFaults: readonly DiskFault[] = [
  { name: 'crash', of: any, strike: () => crash() },
  tears('0', 0),
  tears('1', 1),
  tears('17', 17),
  tears('all', Number.MAX_SAFE_INTEGER),
  { name: 'short-1', of: onWrite, strike: () => ({ short: 1 }) },
  { name: 'short-0', of: onWrite, strike: () => ({ short: 0 }) },
  ...['ENOSPC', 'EACCES', 'EROFS', 'EIO', 'EMFILE', 'EDQUOT'].map(fails),
  power('all-lost', () => false),
  power('all-kept', () => true),
  power('data-lost', ({ kind }) => kind === 'entry'),
  power('data-torn', ({ kind }) => (kind === 'entry' ? true : 'half')),
  power('entries-lost', ({ kind }) => kind === 'data'),
  power('every-other', (_change, index) => index % 2 === 0),
];

/** Errors also strike from an operation on, to the end of the pass. */
export function maySticky({ name }: DiskFault): boolean {
  return /^E[A-Z]+$/.test(name);
}
