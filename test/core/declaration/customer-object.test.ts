import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCustomerObject } from '../../../src/core/declaration/customer-object.ts';
import { readCustomer } from '../../../src/core/declaration/read.ts';
import { locate, placeText } from '../../../src/core/source.ts';

const file = 'customers/acme/acme-coffee';
const good = {
  externalId: 'acme-coffee',
  name: 'Acme Coffee',
  metadata: { 'plan/tier': 'growth' },
  credits: 5000,
  cap: null,
  keys: [{ name: 'sync', scopes: ['content:read', 'content:write'] }],
};

function problemsOf(spec: unknown): string[] {
  const reading = readCustomerObject(file, spec);
  return reading.ok ? [] : reading.problems.map((problem) => `${placeText(problem)} ${problem.code}`);
}

describe('the spec of an object', () => {
  test('declares what the file with the same members declares', () => {
    const reading = readCustomerObject(file, good);
    const asFile = readCustomer('customers/acme.yaml', JSON.stringify(good));
    expect(reading).toMatchObject({ ok: true });
    expect(reading.ok && reading.declaration).toEqual(asFile.ok && asFile.declaration);
  });

  test('has its places as paths, down to the entry of a list', () => {
    const reading = readCustomerObject(file, good);
    if (!reading.ok) throw new Error('the spec is good');
    const place = (pointer: string) => placeText(locate({ file, positions: reading.positions }, pointer));
    expect(place('/keys/0/scopes')).toBe(`${file}:spec.keys[0].scopes`);
    expect(place('/metadata/plan~1tier')).toBe(`${file}:spec.metadata.plan/tier`);
    expect(place('/refill')).toBe(`${file}:spec`);
    expect(place('')).toBe(`${file}:spec`);
  });

  test('that is wrong is refused at the member, in the words for files and without lines that nobody wrote', () => {
    const reading = readCustomerObject(file, {
      ...good,
      credits: -1,
      capp: 5,
      keys: [{ name: 'sync', scopes: [] }, { scopes: ['org:admin'] }],
    });
    if (reading.ok) throw new Error('the spec is bad');
    expect(reading.problems.map((problem) => `${placeText(problem)} ${problem.code}`)).toEqual([
      `${file}:spec.credits InvalidNumber`,
      `${file}:spec.keys[0].scopes OutOfRange`,
      `${file}:spec.keys[1] MissingField`,
      `${file}:spec.keys[1].scopes[0] InvalidFormat`,
      `${file}:spec.capp UnknownField`,
    ]);
    expect(reading.problems.every(({ frame }) => frame === undefined)).toBe(true);
    expect(reading.claim?.externalId).toBe('acme-coffee');
  });

  test.each([
    { reason: 'no spec at all', spec: undefined },
    { reason: 'an empty spec', spec: {} },
    { reason: 'a spec that is a text', spec: 'acme' },
    { reason: 'a spec that is a list', spec: [good] },
    { reason: 'a text with a control character', spec: { ...good, metadata: { a: '\u0007' } } },
    {
      reason: 'a key of the API in a text',
      spec: { ...good, metadata: { a: `lp_live_${'A'.repeat(16)}_${'s'.repeat(43)}` } },
    },
    { reason: 'more text than a file may hold', spec: { ...good, metadata: { a: 'x'.repeat(70_000) } } },
    { reason: 'half of a surrogate pair', spec: { ...good, name: 'A\ud800' } },
    { reason: 'a number no file can write', spec: { ...good, credits: 1e21 } },
    {
      reason: 'a time in the future is for the clock to judge, a day that does not exist is not',
      spec: { ...good, keys: [{ ...good.keys[0], createdAfter: '2026-02-30T00:00:00Z' }] },
    },
  ])('with $reason is a problem with a place, not an exception', ({ spec }) => {
    const problems = problemsOf(spec);
    expect(problems).not.toEqual([]);
    for (const problem of problems) expect(problem).toMatch(/^customers\/acme\/acme-coffee:spec/);
  });

  test('of any text comes back as that text, or is refused', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }), fc.string({ unit: 'binary' })),
        (metadata) => {
          const reading = readCustomerObject(file, { ...good, metadata });
          if (reading.ok) expect(reading.declaration.metadata).toEqual(metadata);
          else expect(reading.problems.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 30 },
    );
  });
});
