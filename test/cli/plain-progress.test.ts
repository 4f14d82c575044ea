import { describe, expect, it } from 'vitest';
import { createPlainProgress } from '../../src/cli/plain-progress.ts';
import { customer, report, step } from '../support/reports.ts';

const noon = new Date(2026, 5, 3, 12, 0, 0).getTime();
const grant = step({ action: 'grant', resource: 'credits', name: null, credits: 5000 });
const webhook = step({ action: 'create', resource: 'webhook', name: 'firehose' });
const plan = report({
  customers: [customer({ steps: [grant, step(), webhook, step({ blockedBy: 'maxGrant', outcome: 'blocked' })] })],
});

function followed() {
  let written = '';
  const display = createPlainProgress({
    write: (text) => {
      written += text;
    },
    now: () => noon,
  });
  display.onPlan(plan);
  return { display, lines: () => written };
}

describe('progress without a terminal', () => {
  it('is one line for each step that ended, with how far the pass is', () => {
    const { display, lines } = followed();
    display.onEvent({ kind: 'planning', customers: 1 });
    display.onEvent({ kind: 'step-started', customer: 'acme', step: grant });
    display.onEvent({ kind: 'step-ended', customer: 'acme', step: grant, outcome: 'in-doubt' });
    display.onEvent({ kind: 'step-ended', customer: 'acme', step: step(), outcome: 'failed' });
    display.onEvent({ kind: 'step-ended', customer: null, step: webhook, outcome: 'done' });
    expect(lines().split('\n')).toEqual([
      'acme: grant 5,000 credits: in doubt (1 of 3 steps)',
      'acme: change cap: FAILED (2 of 3 steps)',
      'the fleet: create webhook "firehose": done (3 of 3 steps)',
      '',
    ]);
  });

  it('leaves to the report what never began', () => {
    const { display, lines } = followed();
    display.onEvent({ kind: 'step-ended', customer: 'acme', step: step(), outcome: 'not-started' });
    display.onEvent({ kind: 'step-ended', customer: 'acme', step: step(), outcome: 'blocked' });
    expect(lines()).toBe('');
  });

  it('says until when a step waits, and why', () => {
    const { display, lines } = followed();
    display.onEvent({ kind: 'waiting', customer: 'acme', why: 'the answer was lost', ms: 4000 });
    expect(lines()).toBe('acme: waiting until 12:00:04: the answer was lost\n');
  });

  it('says a wait for the rate limit once, and none that is over in a moment', () => {
    const { display, lines } = followed();
    display.onWait({ requests: 5, untilMs: noon + 1000, reason: 'quota' });
    display.onWait({ requests: 5, untilMs: noon + 60_000, reason: 'server' });
    display.onWait({ requests: 4, untilMs: noon + 60_000, reason: 'server' });
    display.onWait(null);
    expect(lines()).toBe('5 requests wait as the API asked until 12:01:00\n');
  });

  it('lets no name of a file begin a line of its own', () => {
    const { display, lines } = followed();
    display.onEvent({ kind: 'step-ended', customer: 'acme', step: step({ name: 'a\n::error::b' }), outcome: 'done' });
    expect(lines().split('\n')).toHaveLength(2);
  });
});
