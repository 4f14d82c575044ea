import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type CustomerDeclaration, customerSchema } from '../../../src/core/declaration/customer.ts';
import { readCustomer } from '../../../src/core/declaration/read.ts';

const amount = fc.integer({ min: 0, max: 9_999_999_999_999 });
const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
const label = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  // U+FFFD is what a file that is not UTF-8 is recognized by.
  .filter((text) => !text.includes('\ufffd') && customerSchema.shape.name.safeParse(text).success);

const key = fc.record({
  name: label,
  scopes: fc.array(
    fc
      .oneof(
        fc.constant('*'),
        fc.tuple(word, word).map(([family, action]) => `${family}:${action}`),
        word.map((family) => `${family}:*`),
      )
      .filter((scope) => !scope.startsWith('org:')),
    { minLength: 1, maxLength: 8 },
  ),
  env: fc.constantFrom('live' as const, 'test' as const),
  state: fc.constantFrom('active' as const, 'revoked' as const),
});

const declaration: fc.Arbitrary<CustomerDeclaration> = fc.record(
  {
    externalId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,30}$/),
    name: label,
    billingEmail: fc.option(fc.emailAddress().filter((text) => /^[A-Za-z0-9.]+@/.test(text))),
    metadata: fc.dictionary(
      fc
        .stringMatching(/^[A-Za-z0-9 .:#-]{1,20}$/)
        .filter((name) => !/^(?:externalId|rcn|rcn_.*|<<|constructor|prototype)$/.test(name)),
      fc.stringMatching(/^[ -~]{0,40}$/),
      { maxKeys: 10 },
    ),
    credits: amount,
    cap: fc.option(amount),
    refill: fc.option(fc.record({ threshold: amount, amount: amount.filter((credits) => credits > 0) })),
    keys: fc.uniqueArray(key, { maxLength: 4, selector: ({ name }) => name.normalize('NFC').toLowerCase() }),
    state: fc.constantFrom('active', 'suspended', 'archived'),
    incarnation: fc.integer({ min: 1, max: 1_000 }),
  },
  { requiredKeys: ['externalId', 'name', 'credits', 'keys', 'state', 'incarnation'] },
);

const styles = fc.record({
  defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
  collectionStyle: fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
  lineWidth: fc.constantFrom(0, 40, 80),
});

test('a declaration that is printed as YAML and read back is itself', () => {
  fc.assert(
    fc.property(declaration, styles, (declared, style) => {
      const text = stringify(declared, { ...style, defaultKeyType: 'PLAIN', blockQuote: 'literal' });
      const reading = readCustomer('customers/any.yaml', text);
      if (!reading.ok) throw new Error(`${text}\n${JSON.stringify(reading.problems)}`);
      expect(reading.declaration).toEqual(declared);
    }),
    { numRuns: 100 },
  );
});

const sample = `# comment
externalId: acme
name: "Acme Coffee"
metadata: { plan: growth, "1": 'x' }
credits: 5000
refill: { threshold: 1000, amount: 2000 }
keys:
  - name: sync
    scopes:
      - content:read
status:
  phase: Ready
`;

const edit = fc.record({
  at: fc.nat(sample.length),
  remove: fc.nat(12),
  insert: fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom(
      '\n',
      '\t',
      '  ',
      '- ',
      ': ',
      '? ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a ',
      '*a',
      '!t ',
      '|',
      '>',
      '%',
      '@',
      '#',
      '---\n',
      '...\n',
      '<<: ',
      '\r',
      '\u0000',
      '\ufeff',
      '~',
      '0x1',
    ),
  ),
});

test('whatever becomes of a file, reading it ends with a declaration or with problems inside the file', () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      let text = sample;
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
      const reading = readCustomer('customers/any.yaml', text);
      if (reading.ok) return;
      const lines = text.replace(/^\ufeff/, '').split('\n');
      expect(reading.problems.length).toBeGreaterThan(0);
      for (const { line, column, frame, message } of reading.problems) {
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
        expect(frame?.split('\n').length).toBeLessThanOrEqual(3);
        expect((frame ?? '').replaceAll('\n', '') + message).not.toMatch(/\p{Cc}/u);
      }
    }),
    { numRuns: 500 },
  );
});
