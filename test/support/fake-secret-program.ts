import type { Secret } from '../../src/core/secret.ts';
import type { ProgramEnd } from '../../src/effects/program.ts';
import type { StoreProgram } from '../../src/effects/secrets/command-program.ts';

export type Verb = 'get' | 'put' | 'delete';

export interface ProgramRun {
  readonly verb: Verb;
  readonly path: string;
  readonly args: readonly string[];
}

/** What is done to one run. `killed-before` and `killed-after` say whether it had done its work by then. */
export type ProgramFault = 'failed' | 'killed-before' | 'killed-after' | 'not-started' | ProgramEnd | null;

/** A program that keeps secrets as docs/secrets-and-status.md asks for, in memory and without a process. */
export interface FakeSecretProgram extends StoreProgram {
  readonly kept: Map<string, string>;
  readonly runs: ProgramRun[];
  /** Asked before each run. */
  fault: (run: ProgramRun) => ProgramFault;
  /** Takes the place of a put's input, as a careless script does. */
  mangle: (text: string) => string;
}

/** @param compares whether a put looks at the revision that it is told */
export function fakeSecretProgram({ compares = true }: { readonly compares?: boolean } = {}): FakeSecretProgram {
  const kept = new Map<string, string>();
  const program: FakeSecretProgram = {
    name: './bin/secret-store',
    kept,
    runs: [],
    fault: () => null,
    mangle: (text) => text,
    async run(args, input) {
      const [verb, path = ''] = args;
      if (verb !== 'get' && verb !== 'put' && verb !== 'delete') throw new Error(`there is no verb ${verb}`);
      const run: ProgramRun = { verb, path, args };
      const fault = program.fault(run);
      program.runs.push(run);
      if (fault === 'not-started') return { kind: 'not-started', code: 'ENOENT', why: 'it is not there' };
      if (fault === 'failed') return exited(1, '', 'The backend is away.\n');
      if (fault === 'killed-before') return killed;
      if (fault !== null && fault !== 'killed-after') return fault;
      const end = carryOut(run, input);
      return fault === 'killed-after' ? killed : end;
    },
  };

  function carryOut({ verb, path, args }: ProgramRun, input: Secret | null): ProgramEnd {
    const before = kept.get(path);
    if (verb === 'get') return before === undefined ? exited(66) : exited(0, before);
    if (verb === 'delete') return kept.delete(path) ? exited(0) : exited(66);
    const revision = before === undefined ? 0 : (JSON.parse(before).revision ?? 0);
    if (compares && args[2] !== String(revision)) return exited(75, '', 'somebody was faster');
    kept.set(path, program.mangle(input?.reveal() ?? ''));
    return exited(0);
  }
  return program;
}

export function exited(code: number, stdout = '', stderr = ''): ProgramEnd {
  return { kind: 'exited', code, stdout: Buffer.from(stdout), stderr };
}

const killed: ProgramEnd = { kind: 'stopped', why: 'did not end within 30 seconds', stderr: '' };
