import { expect, test } from 'vitest';
import { readCustomer, readWorkspace } from '../../../src/core/declaration/read.ts';

/** Amounts are money: only plain digits are taken, judged on the text and not on what YAML makes of it. */
const base = 'externalId: acme\nname: Acme\n';

test.each([
  { written: '1e3', hint: '1000' },
  { written: '5E3', hint: '5000' },
  { written: '0x10', hint: '16' },
  { written: '0o17', hint: '15' },
  { written: '0777', hint: '777' },
  { written: '007', hint: '7' },
  { written: '00', hint: '0' },
  { written: '1_000', hint: '1000' },
  { written: "1'000", hint: '1000' },
  { written: '1,000', hint: '1000' },
  { written: '1 000', hint: '1000' },
  { written: '5000.0', hint: '5000' },
  { written: '5000.', hint: '5000' },
  { written: '1.5', hint: null },
  { written: '.5', hint: null },
  { written: '+5', hint: '5' },
  { written: '-1', hint: null },
  { written: '-0', hint: null },
  { written: '-.inf', hint: null },
  { written: '.inf', hint: null },
  { written: '.nan', hint: null },
  { written: '0b101', hint: null },
  { written: '12:30', hint: null },
  { written: '10000000000000', hint: null },
  { written: '9007199254740993', hint: null },
  { written: '99999999999999999999999', hint: null },
  { written: '"5000"', hint: '5000' },
  { written: "'0'", hint: '0' },
  { written: '" 5000"', hint: null },
  { written: '"five"', hint: null },
  { written: 'lots', hint: null },
  { written: '5000 credits', hint: null },
  { written: '$5000', hint: null },
  { written: 'true', hint: null },
  { written: 'null', hint: null },
  { written: '~', hint: null },
  { written: '[5000]', hint: null },
  { written: '{ amount: 5000 }', hint: null },
  { written: '|\n  5000', hint: null },
])('credits: $written is refused', ({ written, hint }) => {
  const reading = readCustomer('customers/acme.yaml', `${base}credits: ${written}\n`);
  if (reading.ok) throw new Error(`accepted as ${reading.declaration.credits}`);
  expect(reading.problems).toMatchObject([{ code: 'InvalidNumber', line: 3, column: 10 }]);
  const [problem] = reading.problems;
  if (hint !== null) expect(problem?.hint).toContain(`Write ${hint}`);
});

test.each(['0', '1', '5000', '9999999999999'])('credits: %s is taken', (written) => {
  const reading = readCustomer('customers/acme.yaml', `${base}credits: ${written}\n`);
  expect(reading).toMatchObject({ ok: true, declaration: { credits: Number(written) } });
});

test.each([
  { member: 'cap: 1e3', at: { line: 3, column: 6 } },
  { member: 'refill: { threshold: 1e3, amount: 1 }', at: { line: 3, column: 22 } },
  { member: 'refill: { threshold: 1, amount: 1_0 }', at: { line: 3, column: 33 } },
  { member: 'incarnation: 1.0', at: { line: 3, column: 14 } },
  {
    member: 'adopt: { organizationId: org_d4e5f6a7-8b9c-4d0e-9f2a-3b4c5d6e7f80, grantedCredits: 0x1 }',
    at: { line: 3, column: 84 },
  },
])('$member is judged by the same grammar', ({ member, at }) => {
  const reading = readCustomer('customers/acme.yaml', `${base}${member}\n`);
  expect(reading).toMatchObject({ ok: false, problems: [{ code: 'InvalidNumber', ...at }] });
});

test.each(['minParentBalance', 'maxGrant', 'maxGrantPerDay', 'maxGrantPerCustomer', 'maxNewCustomers', 'maxArchives'])(
  'guards.%s is judged by the same grammar',
  (guard) => {
    const reading = readWorkspace('reconcile.yaml', `guards:\n  ${guard}: 1e3\n`);
    expect(reading).toMatchObject({
      ok: false,
      problems: [{ code: 'InvalidNumber', line: 2, column: 5 + guard.length }],
    });
  },
);

test.each(['~', 'null', 'Null', 'NULL'])('cap: %s means no cap', (written) => {
  const reading = readCustomer('customers/acme.yaml', `${base}cap: ${written}\n`);
  expect(reading).toMatchObject({ ok: true, declaration: { cap: null } });
});

test('an empty cap is refused, because YAML would read it as "no cap"', () => {
  const reading = readCustomer('customers/acme.yaml', `${base}cap:\n`);
  expect(reading).toMatchObject({ ok: false, problems: [{ code: 'EmptyValue', line: 3, column: 1 }] });
});
