import { expect, test } from 'vitest';
import { plainPage } from '../../../src/cli/render/page.ts';
import { renderSourceProblems } from '../../../src/cli/render/problem.ts';
import { readCustomer } from '../../../src/core/declaration/read.ts';

function printed(text: string): string {
  const reading = readCustomer('customers/acme.yaml', text);
  return reading.ok
    ? ''
    : reading.problems.map((problem) => renderSourceProblems([problem], plainPage).join('\n')).join('\n\n');
}

test('a problem is its place, a sentence, the line with a caret, and what to do', () => {
  const text =
    'externalId: acme\nname: Acme\nmetadata:\n  plan: growth\nkeys: none\nrefill:\n  thresold: 1000\n  amount: 2000\n';
  expect(printed(text)).toBe(
    [
      'customers/acme.yaml:5:7 keys must be a list, not "none".',
      '  4 |   plan: growth',
      '> 5 | keys: none',
      '    |       ^',
      '  Write the entries between [ ], or each on a line of its own after "- ".',
      '',
      'customers/acme.yaml:7:3 refill.thresold is not a member that exists here.',
      '  6 | refill:',
      '> 7 |   thresold: 1000',
      '    |   ^',
      '  Did you mean threshold?',
    ].join('\n'),
  );
});

test('the gutter grows with the line number and the first line stands alone', () => {
  const lines = ['externalId: acme', 'name: Acme', ...Array.from({ length: 7 }, () => '#'), 'credits: -5'];
  expect(printed(lines.join('\n'))).toContain('   9 | #\n> 10 | credits: -5\n     |          ^');
  expect(printed('nam: Acme\nexternalId: acme\n')).toContain('> 1 | nam: Acme\n    | ^');
});

test.each([
  { reason: 'CRLF', text: 'externalId: acme\r\nname: Acme\r\ncredits: x\r\n' },
  { reason: 'a byte order mark', text: '\ufeffexternalId: acme\nname: Acme\ncredits: x\n' },
])('the caret stands under its value with $reason', ({ text }) => {
  expect(printed(text)).toContain('> 3 | credits: x\n    |          ^');
});

test.each([
  { reason: 'a tab', text: 'name:\t5', shown: '> 1 | name:→5\n    |       ^' },
  {
    reason: 'wide characters',
    text: 'metadata: { 珈琲: 5 }',
    shown: '> 1 | metadata: { 珈琲: 5 }\n    |                   ^',
  },
  { reason: 'an accent of its own', text: 'metadata: { e\u0301: 5 }', shown: '\n    |                ^' },
])('the caret stands under its value behind $reason', ({ text, shown }) => {
  expect(printed(text)).toContain(shown);
});

test('a long line is cut to a window around the caret', () => {
  const text = `externalId: acme\nname: Acme\nmetadata: { ${Array.from({ length: 40 }, (_, n) => `key${n}: value`).join(', ')}, x: 5, ${'y'.repeat(300)}: z }\n`;
  const lines = printed(text).split('\n');
  const line = lines.find((row) => row.startsWith('>'));
  const caret = lines.at(lines.findIndex((row) => row.startsWith('>')) + 1);
  expect(line?.length).toBeLessThanOrEqual(80);
  expect(line?.charAt(caret?.indexOf('^') ?? 0)).toBe('5');
});

test('a secret in a long line is starred out even where the window cuts it', () => {
  const secret = `lp_live_ABCDEFGHJKMNPQRS_${'s3cr3t'.repeat(7)}`;
  for (let shift = 0; shift < 160; shift += 7) {
    const text = `externalId: acme\nname: Acme\nmetadata: { a: ${secret}, ${'b'.repeat(30)}: ${'c'.repeat(shift)}, x: 5 }\n`;
    expect(printed(text)).not.toContain('s3cr3t');
  }
});

test('text that a terminal would show in another order is made visible', () => {
  expect(printed('externalId: acme\nname: Acme \u202egro\u2066\n')).toContain('> 2 | name: Acme ·gro·');
});
