import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventsJsonSchema } from '../../../src/cli/render/event-schema.ts';
import { createEventStream } from '../../../src/cli/render/ndjson.ts';
import type { PassReport } from '../../../src/core/report.ts';
import { customer, hashOf, problem, report, step } from '../../support/reports.ts';
import { eventsIn } from '../support/events.ts';
import { boundWorkspace } from '../support/onboarded.ts';
import { scenarios } from '../support/scenarios.ts';

function stream() {
  const written = { text: '' };
  const write = (text: string) => {
    written.text += text;
  };
  return {
    events: createEventStream({ write, now: () => 0, version: '1.2.3' }),
    lines: () => eventsIn(written.text),
    written,
  };
}

function linesOf(pass: PassReport) {
  const { events, lines } = stream();
  events.end(pass, 0);
  return lines();
}

describe('the lines of a pass', () => {
  it('have a published schema that is not stale', () => {
    const committed = readFileSync(new URL('../../../schemas/events.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(committed)).toEqual(eventsJsonSchema());
  });

  it.each(Object.entries(scenarios))('are valid, from the version to the end, for %s', (_name, pass) => {
    const lines = linesOf(pass);
    expect(lines[0]).toEqual({
      type: 'version',
      time: '1970-01-01T00:00:00.000Z',
      tool: 'reconcile',
      version: '1.2.3',
      formatVersion: '1.1',
    });
    expect(lines.at(-1)).toMatchObject({ type: 'end', exitCode: 0 });
    expect(lines.filter(({ type }) => type === 'end')).toHaveLength(1);
  });

  it('tell drift from what the files ask for, and name the guards with what releases them', () => {
    const blocked = step({ outcome: 'blocked', blockedBy: 'maxGrant' });
    const pass = report({
      customers: [customer({ steps: [step({ drift: true }), step(), blocked], approvalHash: hashOf('c') })],
    });
    expect(linesOf(pass).map(({ type }) => type)).toEqual([
      'version',
      'drift',
      'planned_change',
      'planned_change',
      'guard',
      'change_summary',
      'customer',
      'end',
    ]);
    expect(linesOf(pass)).toContainEqual(
      expect.objectContaining({ type: 'guard', guards: ['maxGrant'], steps: 1, approvalHash: hashOf('c') }),
    );
  });

  it('say of every planned step what became of it, also where it never began', () => {
    const { events, lines } = stream();
    const [first, second] = [step({ name: 'cap' }), step({ name: 'refill' })];
    events.onPlan(report({ customers: [customer({ steps: [first, second] })] }));
    events.onProgress({ kind: 'step-started', customer: 'acme-coffee', step: first });
    events.onProgress({ kind: 'waiting', customer: 'acme-coffee', why: 'the API asks to wait', ms: 1200.5 });
    events.onProgress({ kind: 'step-ended', customer: 'acme-coffee', step: first, outcome: 'done' });
    const steps = [
      { ...first, outcome: 'done' as const },
      { ...second, outcome: 'not-started' as const },
    ];
    events.end(report({ command: 'apply', interrupted: true, customers: [customer({ steps })] }), 143);
    expect(lines().map(({ type }) => type)).toEqual(
      ['version', 'planned_change', 'planned_change', 'change_summary', 'apply_start', 'apply_progress'].concat([
        'apply_complete',
        'apply_errored',
        'customer',
        'change_summary',
        'end',
      ]),
    );
    expect(lines()).toContainEqual(
      expect.objectContaining({ type: 'apply_errored', name: 'refill', outcome: 'not-started' }),
    );
    expect(lines().at(-1)).toMatchObject({ exitCode: 143, interrupted: true });
  });

  it('hold nothing that moves a cursor, ends a line or commands a runner', () => {
    const { events, written } = stream();
    const message = '\u001b[2J\n::error::x\u2028 ##[set-output name=a]b';
    events.end(report({ customers: [customer({ problems: [problem({ message })] })] }), 0);
    expect(written.text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028]|##\[/u);
    const diagnostics = eventsIn(written.text).filter(({ type }) => type === 'diagnostic');
    expect(diagnostics).toMatchObject([{ externalId: 'acme-coffee', problem: { message } }]);
  });

  it('come in the order in which things happen, in a real pass, and a second pass has nothing to do', async () => {
    const bound = await boundWorkspace({ 'customers/a.yaml': 'externalId: a\nname: A\ncredits: 500\ncap: 100\n' });
    const first = bound.context();
    expect(await bound.pass({ output: 'ndjson' }, first)).toBe(0);
    const lines = eventsIn(first.printed.out);
    const types = lines.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['version', 'planning', 'planned_change']);
    expect(types.indexOf('change_summary')).toBeLessThan(types.indexOf('apply_start'));
    expect(types.filter((type) => type === 'planned_change')).toHaveLength(3);
    expect(types.filter((type) => type === 'apply_start')).toHaveLength(3);
    expect(types.filter((type) => type === 'apply_complete')).toHaveLength(3);
    expect(lines).toContainEqual(expect.objectContaining({ type: 'customer', externalId: 'a', phase: 'Ready' }));

    const second = bound.context();
    expect(await bound.pass({ output: 'ndjson', detailedExitcode: true }, second)).toBe(0);
    expect(eventsIn(second.printed.out).map(({ type }) => type)).toEqual([
      'version',
      'planning',
      'customer',
      'change_summary',
      'end',
    ]);
  });
});
