import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { validate } from '../../../src/cli/commands/validate.ts';
import { type PassFormat, type PassOptions, passFormats, validateFormats } from '../../../src/cli/commands.ts';
import { systemChance } from '../../../src/effects/chance.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { acquireLock } from '../../../src/effects/lock.ts';
import { hashOf } from '../../support/reports.ts';
import { type FakeContext, fakeContext } from '../support/context.ts';
import { isDocument } from '../support/documents.ts';
import { eventsIn } from '../support/events.ts';
import { type BoundWorkspace, boundWorkspace, onboardedWorkspace } from '../support/onboarded.ts';
import { workspace } from '../support/workspace.ts';

/** Situations in which a pass may be tried again and again: nothing of them is ever carried out. */
interface Situation {
  readonly reason: string;
  readonly exitCode: number;
  readonly prepare: () => Promise<BoundWorkspace>;
  readonly options?: Partial<PassOptions>;
  readonly surroundings?: (bound: BoundWorkspace) => FakeContext;
}

const A = { 'customers/a.yaml': 'externalId: a\nname: A\ncredits: 5000\n' };
const FIREHOSE = 'webhooks:\n  - { name: hose, url: https://hooks.partner.example/x, events: [post.published] }\n';
const dryRun = { dryRun: true };

async function lockedWorkspace(): Promise<BoundWorkspace> {
  const bound = await boundWorkspace(A);
  const directory = join(bound.directory, '.reconcile');
  mkdirSync(directory, { mode: 0o700 });
  const lock = await acquireLock({ directory, command: 'another', clock: systemClock, chance: systemChance });
  if (!lock.ok) throw new Error(lock.message);
  onTestFinished(() => lock.lock.release());
  return bound;
}

async function withHiddenWebhook(): Promise<BoundWorkspace> {
  const bound = await onboardedWorkspace(FIREHOSE);
  const fault = { kind: 'stale-listing', writes: 1000 } as const;
  bound.sandbox.faults.add({ match: { method: 'GET', path: '/v1/webhook-endpoints' }, fault, times: 1000 });
  return bound;
}

async function withRaisedCredits(): Promise<BoundWorkspace> {
  const bound = await onboardedWorkspace();
  const file = join(bound.directory, 'customers/birch.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('credits: 300', 'credits: 400'));
  return bound;
}

/** Somebody says yes and stops it at once. */
function interrupting(bound: BoundWorkspace): FakeContext {
  const context = bound.context({ isTerminal: true });
  return {
    ...context,
    ask: async () => {
      context.abort();
      return true;
    },
  };
}

const situations: readonly Situation[] = [
  { reason: 'nothing to do', exitCode: 0, prepare: onboardedWorkspace, options: { detailedExitcode: true } },
  { reason: 'changes', exitCode: 0, prepare: withRaisedCredits, options: dryRun },
  {
    reason: 'changes, asked for',
    exitCode: 2,
    prepare: withRaisedCredits,
    options: { ...dryRun, detailedExitcode: true },
  },
  {
    reason: 'an unusable file',
    exitCode: 5,
    prepare: () => boundWorkspace({ ...A, 'customers/b.yaml': 'name: B\n' }),
    options: dryRun,
  },
  { reason: 'a guard', exitCode: 4, prepare: () => boundWorkspace(A, 'guards: { maxGrant: 1 }\n'), options: dryRun },
  { reason: 'something in doubt', exitCode: 8, prepare: withHiddenWebhook, options: dryRun },
  {
    reason: 'a stale approval',
    exitCode: 6,
    prepare: () => boundWorkspace(A, 'guards: { maxGrant: 1 }\n'),
    options: { ...dryRun, approve: [hashOf('0')] },
  },
  {
    reason: 'no valid file',
    exitCode: 3,
    prepare: () => boundWorkspace({ 'customers/b.yaml': 'name: B\n' }),
    options: dryRun,
  },
  { reason: 'somebody else’s lock', exitCode: 7, prepare: lockedWorkspace },
  {
    reason: 'a signal',
    exitCode: 143,
    prepare: () => boundWorkspace(A),
    options: { yes: false },
    surroundings: interrupting,
  },
  { reason: 'no API key', exitCode: 1, prepare: () => boundWorkspace(A), surroundings: () => fakeContext() },
  {
    reason: 'a word that is no customer',
    exitCode: 1,
    prepare: () => boundWorkspace(A),
    options: { customers: ['b'] },
  },
  { reason: 'no binding', exitCode: 1, prepare: unbound, options: dryRun },
];

async function unbound(): Promise<BoundWorkspace> {
  const bound = await boundWorkspace(A);
  writeFileSync(join(bound.directory, 'reconcile.yaml'), '{}\n');
  return bound;
}

describe('the exit code is the same whatever the output format', () => {
  it.each(situations)('of a pass: $exitCode for $reason', async ({ prepare, options, surroundings, exitCode }) => {
    const bound = await prepare();
    for (const output of passFormats) {
      const context = surroundings?.(bound) ?? bound.context();
      expect(await bound.pass({ ...options, output }, context), output).toBe(exitCode);
      expectReadable(output, context.printed.out, exitCode);
      expect(context.printed.out + context.printed.err).not.toContain(bound.sandbox.parent().token);
    }
  });

  it.each([
    ['valid files', A, 0],
    ['a broken file', { 'customers/b.yaml': 'name: B\n' }, 3],
    ['no file', {}, 3],
  ] as const)('of validate: %s', async (_reason, files, exitCode) => {
    const directory = workspace(files);
    for (const output of validateFormats) {
      expect(await validate({ directory, output, color: false }, fakeContext()), output).toBe(exitCode);
    }
  });
});

/** Whatever happened, a reader finds on stdout what was promised. */
function expectReadable(output: PassFormat, out: string, exitCode: number): void {
  if (output === 'json') expect(isDocument(JSON.parse(out))).toBe(true);
  if (output === 'ndjson') expect(eventsIn(out).at(-1)).toMatchObject({ type: 'end', exitCode });
  if (output === 'markdown') expect(out).toMatch(/^<!-- reconcile-plan -->\n/);
  if (output === 'github')
    expect(out).toMatch(exitCode === 0 || exitCode === 2 || exitCode === 143 ? /^[^:]/ : /^::error /);
}
