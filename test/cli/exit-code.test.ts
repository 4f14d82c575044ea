import { describe, expect, it } from 'vitest';
import { exitCodeOf, type Situation } from '../../src/cli/exit-code.ts';
import type { PassReport } from '../../src/core/report.ts';
import { customer, hashOf, problem, report, step } from '../support/reports.ts';
import { scenarios } from './support/scenarios.ts';

const calm: Situation = { signal: null, detailedExitcode: false };

const refused = (kind: 'cannot-run' | 'invalid-input') =>
  report({ refused: { kind, code: 'Refused', message: '', next: null, requestId: null, problems: [] } });
const withSteps = (...steps: PassReport['fleet']['steps']) => report({ customers: [customer({ steps })] });
const withProblem = (severity: 'error' | 'held' | 'doubt' | 'waiting' | 'warning') =>
  report({ customers: [customer({ problems: [problem({ severity })] })] });

const doubt = step({ action: 'grant', resource: 'credits', credits: 5000, outcome: 'in-doubt' });
const blocked = step({ outcome: 'blocked', blockedBy: 'maxGrant' });
const failed = step({ outcome: 'failed' });
const stale = { staleApprovals: [hashOf('0')] };
const broken = { brokenFiles: [{ file: 'customers/x.yaml', externalId: null, problems: [] }] };

const cases: readonly [reason: string, PassReport, Partial<Situation>, number][] = [
  ['nothing to do', report({ customers: [customer()] }), {}, 0],
  ['nothing to do, detailed', report({ customers: [customer()] }), { detailedExitcode: true }, 0],
  ['changes', withSteps(step({ outcome: 'done' })), {}, 0],
  ['changes done, detailed', withSteps(step({ outcome: 'done' })), { detailedExitcode: true }, 2],
  ['changes planned, detailed', withSteps(step()), { detailedExitcode: true }, 2],
  [
    'a webhook of the fleet counts',
    report({ fleet: { steps: [step()], problems: [], approvalHash: null } }),
    { detailedExitcode: true },
    2,
  ],
  ['a warning changes nothing', withProblem('warning'), {}, 0],
  ['an overlap of two keys is no failure', withProblem('waiting'), {}, 0],
  ['a customer needs a person', withProblem('error'), {}, 5],
  ['a customer waits for parent credits', withProblem('held'), {}, 5],
  ['the fleet has an error', report({ fleet: { steps: [], problems: [problem()], approvalHash: null } }), {}, 5],
  ['a broken file beside a good one', report({ customers: [customer()], ...broken }), {}, 5],
  ['a step failed', withSteps(failed), {}, 5],
  ['a step was not started', withSteps(step({ outcome: 'not-started' })), {}, 5],
  ['a doubtful name is a failure, not doubt about money', withSteps(step({ outcome: 'in-doubt' })), {}, 5],
  ['failure comes before changes', withSteps(failed, step({ outcome: 'done' })), { detailedExitcode: true }, 5],
  ['a guard holds a step', withSteps(blocked), {}, 4],
  ['a dry run names the guard too', withSteps(step({ blockedBy: 'maxGrant' })), {}, 4],
  ['blocked comes before failed', withSteps(blocked, failed), {}, 4],
  ['a grant in doubt', withSteps(doubt), {}, 8],
  ['a key in doubt', withSteps(step({ action: 'mint', resource: 'api-key', outcome: 'in-doubt' })), {}, 8],
  ['a doubt that no read settled', withProblem('doubt'), {}, 8],
  ['doubt comes before blocked', withSteps(doubt, blocked), {}, 8],
  ['a stale approval comes before doubt', { ...withSteps(doubt), ...stale }, {}, 6],
  ['no valid input', refused('invalid-input'), {}, 3],
  ['no valid input comes before a stale approval', { ...refused('invalid-input'), ...stale }, {}, 3],
  ['interrupted by a person', withSteps(failed), { signal: 'SIGINT' }, 130],
  ['stopped by a supervisor', withSteps(failed), { signal: 'SIGTERM' }, 143],
  ['interrupted comes before invalid input', refused('invalid-input'), { signal: 'SIGINT' }, 130],
  ['a report says interrupted by itself', report({ interrupted: true }), {}, 130],
  ['cannot run', refused('cannot-run'), {}, 1],
  ['cannot run comes before everything', refused('cannot-run'), { signal: 'SIGINT' }, 1],
];

describe('the exit code', () => {
  it.each(cases)('%s', (_reason, pass, situation, expected) => {
    expect(exitCodeOf(pass, { ...calm, ...situation })).toBe(expected);
  });

  it.each(Object.entries(scenarios))('of a dry run follows the same list (%s)', (_name, pass) => {
    const dry: PassReport = { ...pass, command: 'plan' };
    expect(exitCodeOf(dry, calm)).toBe(exitCodeOf({ ...pass, command: 'apply' }, calm));
  });
});
