import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { renderJson } from '../../../src/cli/render/json.ts';
import { outputJsonSchema } from '../../../src/cli/render/output-schema.ts';
import { customer, problem, report } from '../../support/reports.ts';
import { scenarios } from '../support/scenarios.ts';

const committed = readFileSync(new URL('../../../schemas/output.schema.json', import.meta.url), 'utf8');
const validate = new Ajv2020({ allErrors: true, strict: true, discriminator: false }).compile(JSON.parse(committed));

describe('the JSON document of a pass', () => {
  it('has a published schema that is not stale', () => {
    expect(JSON.parse(committed)).toEqual(outputJsonSchema());
  });

  it.each(Object.entries(scenarios))('is valid for %s', (_name, pass) => {
    expect(validate(JSON.parse(renderJson(pass))), JSON.stringify(validate.errors)).toBe(true);
  });

  it('counts what happens', () => {
    const { summary, parentWallet } = JSON.parse(renderJson(pick('plan-new-customer')));
    expect(summary).toMatchObject({ customers: 2, create: 1, change: 2, mint: 1, creditsOut: 5000, unchanged: 1 });
    expect(parentWallet).toEqual({ before: 1_000_000, after: 995_000 });
  });

  it('counts no credits that a guard held back or that may not have moved', () => {
    expect(JSON.parse(renderJson(pick('plan-blocked-by-guard'))).summary).toMatchObject({
      creditsOut: 2000,
      blocked: 1,
    });
    const { summary } = JSON.parse(renderJson(pick('apply-with-troubles')));
    expect(summary).toMatchObject({ creditsOut: 0, inDoubt: 1, failed: 1, notStarted: 3, done: 1 });
  });

  it('lists a file that cannot be used as a customer with problems', () => {
    const { customers } = JSON.parse(renderJson(pick('plan-broken-file')));
    expect(customers[1]).toMatchObject({
      externalId: 'cedar',
      file: 'customers/cedar.yaml',
      phase: 'Stalled',
      problems: [{ code: 'UnknownField', line: 3, column: 1, next: 'Did you mean billingEmail?' }],
    });
  });

  it('escapes what could move a cursor or reorder text', () => {
    const message = '\u001b[2J \u009b31m \u202e \ufeff';
    const text = renderJson(report({ customers: [customer({ problems: [problem({ message })] })] }));
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e\ufeff]/u);
    expect(JSON.parse(text).customers[0].problems[0].message).toBe(message);
  });
});

function pick(name: string) {
  return scenarios[name] ?? report();
}
