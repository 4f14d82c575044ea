import { describe, expect, it } from 'vitest';
import { nothingYet, progressLine, withEvent, withPlan } from '../../src/cli/progress-line.ts';
import { customer, report, step } from '../support/reports.ts';

const plan = report({
  customers: [customer({ steps: [step(), step(), step({ blockedBy: 'maxGrant', outcome: 'blocked' })] })],
});
const underway = withEvent(withPlan(nothingYet, plan), {
  kind: 'step-ended',
  customer: 'acme',
  step: step(),
  outcome: 'done',
});

describe('the line of progress', () => {
  it('says what is planned for how many, and then what is done of the steps that may run', () => {
    expect(progressLine(withEvent(nothingYet, { kind: 'planning', customers: 1 }), null, 80)).toBe(
      'planning 1 customer…',
    );
    const started = withEvent(underway, { kind: 'step-started', customer: 'acme', step: step() });
    expect(progressLine(started, null, 80)).toBe('1 of 2 steps; acme: change credit-config cap…');
  });

  it('counts what failed apart', () => {
    const failed = withEvent(underway, { kind: 'step-ended', customer: null, step: step(), outcome: 'failed' });
    expect(progressLine(failed, null, 80)).toBe('1 of 2 steps, 1 not done');
  });

  it('says what waits for the rate limit, and until when by the local clock', () => {
    const untilMs = new Date(2026, 5, 3, 9, 4, 7).getTime();
    expect(progressLine(underway, { requests: 5, untilMs, reason: 'quota' }, 80)).toBe(
      '1 of 2 steps; 5 requests wait for the rate limit until 09:04:07',
    );
    expect(progressLine(underway, { requests: 1, untilMs, reason: 'server' }, 80)).toContain(
      '1 request waits as the API asked until 09:04:07',
    );
  });

  it('stays within the terminal, however narrow', () => {
    for (const columns of [0, 1, 20, 60]) {
      expect(progressLine(underway, { requests: 5, untilMs: 0, reason: 'quota' }, columns).length).toBeLessThan(
        Math.max(columns, 1),
      );
    }
  });
});
