import { describe, expect, it } from 'vitest';
import { annotateProblems, annotateReport } from '../../../src/cli/render/github.ts';
import { renderText } from '../../../src/cli/render/text.ts';
import { customer, hashOf, problem, report, step } from '../../support/reports.ts';

const places = { directory: '/checkout/shops', root: '/checkout' };

function sourceProblem(fields: { message?: string; file?: string; line?: number } = {}) {
  return { code: 'WrongType', message: 'It is a number.', file: 'customers/a.yaml', line: 3, column: 7, ...fields };
}

describe('the annotations of a runner', () => {
  it('stand at the line of the file, as the checkout names it', () => {
    expect(annotateProblems([sourceProblem()], places)).toBe(
      '::error file=shops/customers/a.yaml,line=3,col=7,title=WrongType::It is a number.\n',
    );
  });

  it('name a workspace outside of the checkout as it is', () => {
    const elsewhere = { directory: '/elsewhere', root: '/checkout' };
    expect(annotateProblems([sourceProblem()], elsewhere)).toContain('file=customers/a.yaml,');
  });

  it('are one line each, whatever a file holds', () => {
    const hostile = { message: '100%\r\n::set-output name=x::y', file: 'customers/a,b:c%.yaml' };
    expect(annotateProblems([sourceProblem(hostile)], places)).toBe(
      '::error file=shops/customers/a%2Cb%3Ac%25.yaml,line=3,col=7,title=WrongType::100%25%0D%0A::set-output name=x::y\n',
    );
  });

  it('are at most ten of each kind, the last of which counts the rest', () => {
    const problems = Array.from({ length: 25 }, (_, index) => sourceProblem({ line: index + 1 }));
    const lines = annotateProblems(problems, places).trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[8]).toContain('line=9,');
    expect(lines[9]).toContain('::and 16 more like these');
    expect(annotateProblems(problems.slice(0, 10), places).trimEnd().split('\n')[9]).toContain('line=10,');
  });

  it('call an error what changes the exit code, and everything else a warning', () => {
    const pass = report({
      customers: [
        customer({
          problems: [
            problem(),
            problem({ code: 'ParentShortOfCredits', severity: 'held' }),
            problem({ code: 'GrantInDoubt', severity: 'doubt' }),
            problem({ code: 'KeyOverlap', severity: 'waiting' }),
            problem({ code: 'OverGranted', severity: 'warning' }),
          ],
        }),
      ],
      fleet: { steps: [], approvalHash: null, problems: [problem({ code: 'GuardBlocked', severity: 'warning' })] },
      staleApprovals: [hashOf('0')],
    });
    const levels = annotateReport(pass, places)
      .trimEnd()
      .split('\n')
      .map((line) => /^::(\w+) .*title=([A-Za-z]+)/.exec(line)?.slice(1).join(' '));
    expect(levels).toEqual([
      'error StaleApproval',
      'error GuardBlocked',
      'error SecretMissing',
      'error ParentShortOfCredits',
      'error GrantInDoubt',
      'warning KeyOverlap',
      'warning OverGranted',
    ]);
  });
});

describe('the text beside them', () => {
  it('holds no line that a runner would obey', () => {
    const long = 'x'.repeat(70);
    const hostile = `${long} ::add-mask::a ##[set-output name=a]b`;
    const text = renderText(
      report({
        customers: [
          customer({
            steps: [
              step({
                reason: hostile,
                detail: `::error::x\n::warning::y`,
                after: { cap: hostile },
                before: { cap: null },
              }),
            ],
            problems: [problem({ message: `::notice::x\n  ::group::y`, next: hostile })],
          }),
        ],
      }),
      { color: false },
    );
    expect(text.split('\n').filter((line) => line.trim().startsWith('::') || line.includes('##['))).toEqual([]);
    expect(text).toContain('·::error::x');
  });
});
