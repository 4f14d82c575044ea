import { describe, expect, it } from 'vitest';
import { COMMENT_BYTES_MAX, renderMarkdown } from '../../../src/cli/render/markdown.ts';
import type { PassReport } from '../../../src/core/report.ts';
import { customer, problem, report, step } from '../../support/reports.ts';
import { scenarios } from '../support/scenarios.ts';

function comment(pass: PassReport, environment: string | null = null): string {
  return renderMarkdown(pass, { bytesMax: COMMENT_BYTES_MAX, environment });
}

/** The lines that are Markdown, without those in fences; a fence that stays open is an error. */
function outsideOfFences(text: string): string[] {
  const outside: string[] = [];
  let fence: string | null = null;
  for (const line of text.split('\n')) {
    const run = /^ {0,3}(`{3,})/.exec(line)?.[1];
    if (fence !== null) {
      if (run !== undefined && run.length >= fence.length && line.trim() === run) fence = null;
    } else if (run === undefined) outside.push(line);
    else fence = run;
  }
  expect(fence).toBeNull();
  return outside;
}

const hostile = '` ``` ```` </details> <!-- reconcile-plan --> | @octocat #1 [x](https://evil.example) *b* &amp; \\|';

describe('the comment of a pass', () => {
  it.each(Object.entries(scenarios))('begins with its marker and fits a comment: %s', (_name, pass) => {
    const text = comment(pass);
    expect(text.startsWith('<!-- reconcile-plan -->\n')).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(COMMENT_BYTES_MAX);
    const outside = outsideOfFences(text);
    const count = (tag: string) => outside.filter((line) => line.startsWith(tag)).length;
    expect(count('<details')).toBe(count('</details>'));
  });

  it('says the totals first, then who, then folded what', () => {
    const text = comment(scenarios['plan-new-customer'] ?? report());
    const order = ['5,000 credits', 'parent wallet', '| Customer |', '<details>', '+ create    organization'];
    const places = order.map((part) => text.indexOf(part));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(text).toContain(
      '| <code>acme-coffee</code> | Progressing | create, grant, change ×2, mint | 5,000 credits |',
    );
    expect(text).not.toContain('birch');
  });

  it('is found again beside that of another workspace by a name', () => {
    expect(comment(report(), 'prod')).toMatch(/^<!-- reconcile-plan:prod -->\n/);
    expect(comment(report(), 'a --> b')).toMatch(/^<!-- reconcile-plan:a-b -->\n/);
  });

  it('shows what a guard holds back, and the fleet’s own problems unfolded', () => {
    const text = comment(scenarios['plan-blocked-by-guard'] ?? report());
    expect(text).toContain('<details open><summary>The fleet: 1 notice</summary>');
    expect(text).toContain('| Stalled | blocked, change | 2,000 credits |');
    expect(text).toContain('--approve');
  });

  it('lets nothing that stands in a file or comes from the API out of its place', () => {
    const text = comment(
      report({
        customers: [
          customer({
            steps: [
              step({
                reason: hostile,
                detail: `x\n\`\`\`\n${hostile}`,
                after: { cap: hostile },
                before: { cap: null },
              }),
            ],
            problems: [problem({ message: `${hostile}\n\n# ${hostile}`, next: hostile })],
          }),
        ],
        brokenFiles: [{ file: `customers/${hostile}.yaml`, externalId: null, problems: [] }],
      }),
    );
    const outside = outsideOfFences(text).slice(1).join('\n');
    expect(outside).toContain('&#64;octocat');
    for (const sign of ['`', '@', '<!--', '*', '[', '\\', '://']) expect(outside).not.toContain(sign);
    for (const row of outside.split('\n').filter((line) => line.startsWith('|')))
      expect(row.split('|')).toHaveLength(6);
  });

  it('leaves out whole customers, and counts them', () => {
    const many = Array.from({ length: 3000 }, (_, index) =>
      customer({ externalId: `customer-${index}`, steps: [step(), step({ name: 'refill', reason: hostile })] }),
    );
    const text = comment(report({ customers: many }));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(COMMENT_BYTES_MAX);
    expect(Buffer.byteLength(text)).toBeGreaterThan(COMMENT_BYTES_MAX * 0.9);
    const outside = outsideOfFences(text);
    const rows = outside.filter((line) => line.startsWith('| <code>')).length;
    expect(outside.filter((line) => line.startsWith('<details>'))).toHaveLength(rows);
    const unsaid = (3000 - rows).toLocaleString('en-US');
    expect(text).toContain(`**${unsaid} more customers did not fit.**`);
  });

  it('puts those who need somebody first, so that they are not the ones left out', () => {
    const troubled = customer({ externalId: 'zz-troubled', problems: [problem()] });
    const text = comment(report({ customers: [customer({ steps: [step()] }), troubled] }));
    expect(text.indexOf('troubled')).toBeLessThan(text.indexOf('coffee'));
  });

  it('cuts a single customer that is too long within its fence, which ends all the same', () => {
    const steps = Array.from({ length: 2000 }, (_, index) => step({ reason: `${hostile} ${index} ${'€'.repeat(50)}` }));
    const text = comment(report({ customers: [customer({ steps })] }));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(COMMENT_BYTES_MAX);
    outsideOfFences(text);
    expect(text).toMatch(/… and \d+ more lines\n`{5}\n/);
  });

  it('has room for a refusal about a thousand files', () => {
    const problems = Array.from({ length: 1000 }, (_, line) => ({
      file: `customers/${line}.yaml`,
      line: 1,
      column: 1,
      code: 'X',
      message: 'It is broken in every way that one can think of.',
    }));
    const refused = {
      kind: 'invalid-input',
      code: 'NoValidCustomer',
      message: 'None is valid.',
      next: null,
      requestId: null,
      problems,
    } as const;
    const text = comment(report({ refused }));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(COMMENT_BYTES_MAX);
    expect(text).toContain('### Plan: could not begin');
    outsideOfFences(text);
  });
});
