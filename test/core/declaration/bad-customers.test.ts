import { describe, expect, test } from 'vitest';
import { readCustomer } from '../../../src/core/declaration/read.ts';
import { unmark } from '../../support/marked-text.ts';

/** `‸` stands where the problem is expected; `text` follows the lines of `head`. */
interface Case {
  readonly reason: string;
  readonly code: string;
  readonly text: string;
  /** A part of the message or of the hint. */
  readonly says?: string;
}

const head = 'externalId: acme\nname: Acme\n';
const long = (length: number) => 'x'.repeat(length);
const scopes = (count: number) => Array.from({ length: count }, (_, index) => `a:b${index}`).join(', ');
const members = (count: number) => Array.from({ length: count }, (_, index) => `k${index}: v`).join(', ');

function expectProblems(cases: readonly Case[], prefix: string): void {
  test.each(cases)('$reason', ({ code, text, says }) => {
    const { text: unmarked, places } = unmark(prefix + text);
    const reading = readCustomer('customers/acme.yaml', unmarked);
    if (reading.ok) throw new Error('accepted');
    const found = reading.problems.map(({ code: its, line, column }) => ({ code: its, line, column }));
    expect(found).toEqual(places.map((place) => ({ code, ...place })));
    for (const problem of reading.problems) {
      expect(problem.message).toMatch(/\.$/);
      expect(problem.frame).toContain('^');
    }
    if (says !== undefined) expect(JSON.stringify(reading.problems)).toContain(says);
  });
}

describe('identity and name', () => {
  expectProblems(
    [
      { reason: 'no identity', code: 'MissingField', text: '‸name: Acme\n', says: 'externalId is missing' },
      { reason: 'no name', code: 'MissingField', text: '‸externalId: acme\n', says: 'name: Acme Coffee' },
      {
        reason: 'an identity that YAML reads as a number',
        code: 'WrongType',
        text: 'externalId: ‸12345\nname: Acme\n',
        says: '\\"12345\\"',
      },
      { reason: 'an identity like 1e5', code: 'WrongType', text: 'externalId: ‸1e5\nname: Acme\n' },
      {
        reason: 'an identity that is true',
        code: 'WrongType',
        text: 'externalId: ‸true\nname: Acme\n',
        says: 'truth value',
      },
      { reason: 'an identity that is null', code: 'WrongType', text: 'externalId: ‸null\nname: Acme\n' },
      { reason: 'an identity without a value', code: 'EmptyValue', text: '‸externalId:\nname: Acme\n' },
      { reason: 'an empty identity', code: 'InvalidFormat', text: 'externalId: ‸""\nname: Acme\n' },
      { reason: 'an identity with a space', code: 'InvalidFormat', text: 'externalId: ‸acme coffee\nname: Acme\n' },
      { reason: 'an identity with a slash', code: 'InvalidFormat', text: 'externalId: ‸../acme\nname: Acme\n' },
      {
        reason: 'an identity that begins with a hyphen',
        code: 'InvalidFormat',
        text: 'externalId: ‸-rf\nname: Acme\n',
      },
      { reason: 'an identity with an umlaut', code: 'InvalidFormat', text: 'externalId: ‸café\nname: Acme\n' },
      { reason: 'an identity with a line break', code: 'InvalidFormat', text: 'externalId: ‸"acme\\n"\nname: Acme\n' },
      {
        reason: 'an identity of 129 characters',
        code: 'InvalidFormat',
        text: `externalId: ‸${long(129)}\nname: Acme\n`,
      },
      { reason: 'an identity that is a list', code: 'WrongType', text: 'externalId: ‸[acme]\nname: Acme\n' },
      { reason: 'a name that is a number', code: 'WrongType', text: 'externalId: acme\nname: ‸42\n', says: 'Quote it' },
      {
        reason: 'a name that is a decimal number',
        code: 'WrongType',
        text: 'externalId: acme\nname: ‸1.10\n',
        says: '1.10',
      },
      { reason: 'an empty name', code: 'OutOfRange', text: 'externalId: acme\nname: ‸""\n', says: 'must not be empty' },
      { reason: 'a name of 129 characters', code: 'OutOfRange', text: `externalId: acme\nname: ‸${long(129)}\n` },
      { reason: 'a name of two lines', code: 'InvalidFormat', text: 'externalId: acme\nname: ‸"Acme\\nCoffee"\n' },
      { reason: 'a name with spaces around it', code: 'InvalidFormat', text: 'externalId: acme\nname: ‸" Acme"\n' },
      {
        reason: 'a name that reorders text',
        code: 'InvalidFormat',
        text: 'externalId: acme\nname: ‸"Acme \\u202egro"\n',
      },
      {
        reason: 'a name with an escape sequence',
        code: 'ForbiddenCharacter',
        text: 'externalId: acme\nname: ‸"\\e[31mAcme"\n',
      },
      {
        reason: 'a name that holds half a character',
        code: 'ForbiddenCharacter',
        text: 'externalId: acme\nname: ‸"\\ud800"\n',
      },
    ],
    '',
  );
});

describe('members', () => {
  expectProblems(
    [
      { reason: 'a misspelt member', code: 'UnknownField', text: '‸creditz: 5\n', says: 'Did you mean credits?' },
      { reason: 'swapped letters', code: 'UnknownField', text: '‸kesy: []\n', says: 'Did you mean keys?' },
      { reason: 'another case', code: 'UnknownField', text: '‸billingemail: a@b.example\n', says: 'billingEmail' },
      {
        reason: 'the name the API uses',
        code: 'UnknownField',
        text: '‸monthlyCreditCap: 5\n',
        says: 'Did you mean cap?',
      },
      {
        reason: 'a name like nothing here',
        code: 'UnknownField',
        text: '‸zzzzzz: 5\n',
        says: 'The members are externalId',
      },
      { reason: 'webhooks in a customer file', code: 'UnknownField', text: '‸webhooks: []\n', says: 'reconcile.yaml' },
      {
        reason: 'an unknown member of a refill',
        code: 'UnknownField',
        text: 'refill: { threshold: 1, amount: 2, ‸amuont: 3 }\n',
        says: 'Did you mean amount?',
      },
      { reason: 'a state as status', code: 'WrongType', text: '‸status: suspended\n', says: 'set state' },
      { reason: 'an unknown state', code: 'InvalidValue', text: 'state: ‸suspend\n', says: 'Did you mean suspended?' },
      { reason: 'a state that is a truth value', code: 'InvalidValue', text: 'state: ‸true\n' },
      { reason: 'a state in upper case', code: 'InvalidValue', text: 'state: ‸Active\n', says: 'Did you mean active?' },
      { reason: 'incarnation 0', code: 'OutOfRange', text: 'incarnation: ‸0\n', says: 'at least 1' },
      { reason: 'an incarnation in quotes', code: 'InvalidNumber', text: 'incarnation: ‸"2"\n', says: 'Write 2' },
      { reason: 'an e-mail address without a domain', code: 'InvalidFormat', text: 'billingEmail: ‸ops\n' },
      { reason: 'an empty e-mail address', code: 'InvalidFormat', text: 'billingEmail: ‸""\n' },
      {
        reason: 'an e-mail address with a name',
        code: 'InvalidFormat',
        text: 'billingEmail: ‸Ops <ops@acme.example>\n',
      },
      { reason: 'two e-mail addresses', code: 'InvalidFormat', text: 'billingEmail: ‸a@b.example,c@d.example\n' },
      {
        reason: 'adopt without an amount',
        code: 'MissingField',
        text: '‸adopt: { organizationId: org_d4e5f6a7-8b9c-4d0e-9f2a-3b4c5d6e7f80 }\n',
        says: 'grantedCredits',
      },
      {
        reason: 'adopt of a bare UUID',
        code: 'InvalidFormat',
        text: 'adopt: { organizationId: ‸d4e5f6a7-8b9c-4d0e-9f2a-3b4c5d6e7f80, grantedCredits: 0 }\n',
      },
      {
        reason: 'adopt of an id in upper case',
        code: 'InvalidFormat',
        text: 'adopt: { organizationId: ‸org_D4E5F6A7-8B9C-4D0E-9F2A-3B4C5D6E7F80, grantedCredits: 0 }\n',
      },
      { reason: 'adopt that is null', code: 'WrongType', text: 'adopt: ‸null\n' },
    ],
    head,
  );
});

describe('refill', () => {
  expectProblems(
    [
      {
        reason: 'only a threshold',
        code: 'IncompleteRefill',
        text: '‸refill: { threshold: 1000 }\n',
        says: 'both threshold and amount',
      },
      { reason: 'only an amount', code: 'IncompleteRefill', text: '‸refill:\n  amount: 2000\n' },
      { reason: 'neither', code: 'IncompleteRefill', text: '‸refill: {}\n' },
      { reason: 'an amount of 0', code: 'OutOfRange', text: 'refill: { threshold: 0, amount: ‸0 }\n' },
      { reason: 'a number', code: 'WrongType', text: 'refill: ‸1000\n', says: 'a map of members' },
      { reason: 'false', code: 'WrongType', text: 'refill: ‸false\n' },
      { reason: 'null members', code: 'InvalidNumber', text: 'refill: { threshold: ‸null, amount: ‸null }\n' },
    ],
    head,
  );
});

describe('metadata', () => {
  expectProblems(
    [
      { reason: 'a number as value', code: 'WrongType', text: 'metadata: { seats: ‸5 }\n', says: 'Quote it' },
      { reason: 'a truth value', code: 'WrongType', text: 'metadata: { vip: ‸true }\n' },
      { reason: 'null as value', code: 'WrongType', text: 'metadata: { plan: ‸null }\n' },
      { reason: 'a member without a value', code: 'EmptyValue', text: 'metadata: { ‸plan }\n' },
      { reason: 'a map as value', code: 'WrongType', text: 'metadata: { plan: ‸{ a: b } }\n' },
      { reason: 'a value of 501 characters', code: 'OutOfRange', text: `metadata: { plan: ‸${long(501)} }\n` },
      {
        reason: 'a key of 41 characters',
        code: 'InvalidMetadataKey',
        text: `metadata: { ‸${long(41)}: v }\n`,
        says: '40',
      },
      { reason: 'an empty key', code: 'InvalidMetadataKey', text: 'metadata: { ‸"": v }\n' },
      { reason: 'externalId', code: 'InvalidMetadataKey', text: 'metadata: { ‸externalId: v }\n', says: 'reserved' },
      { reason: 'rcn', code: 'InvalidMetadataKey', text: 'metadata: { ‸rcn: v }\n' },
      { reason: 'rcn_base', code: 'InvalidMetadataKey', text: 'metadata:\n  ‸rcn_base: v\n' },
      { reason: '46 keys', code: 'InvalidValue', text: `‸metadata: { ${members(46)} }\n`, says: '45' },
      {
        reason: 'more than the API takes',
        code: 'InvalidValue',
        text: `‸metadata: { ${Array.from({ length: 40 }, (_, n) => `k${n}: ${long(400)}`).join(', ')} }\n`,
        says: '16 KB',
      },
      { reason: 'a list', code: 'WrongType', text: 'metadata: ‸[plan, growth]\n' },
      { reason: 'null', code: 'WrongType', text: 'metadata: ‸null\n' },
    ],
    head,
  );
});

describe('keys', () => {
  const key = (more: string) => `keys:\n  - name: sync\n    scopes: [content:read]\n    ${more}\n`;
  expectProblems(
    [
      { reason: 'a map instead of a list', code: 'WrongType', text: 'keys: ‸{ name: sync }\n', says: 'must be a list' },
      { reason: 'null instead of a list', code: 'WrongType', text: 'keys: ‸null\n' },
      { reason: 'no value', code: 'EmptyValue', text: '‸keys:\n', says: '[]' },
      { reason: 'a text as an entry', code: 'WrongType', text: 'keys: [‸sync]\n' },
      { reason: 'an empty entry', code: 'EmptyValue', text: 'keys:\n  -‸\n' },
      { reason: 'no name', code: 'MissingField', text: 'keys:\n  - ‸scopes: [content:read]\n', says: 'keys[0].name' },
      { reason: 'no scopes', code: 'MissingField', text: 'keys:\n  - ‸name: sync\n', says: 'keys[0].scopes' },
      { reason: 'an empty list of scopes', code: 'OutOfRange', text: 'keys:\n  - { name: sync, scopes: ‸[] }\n' },
      {
        reason: '65 scopes',
        code: 'OutOfRange',
        text: `keys:\n  - { name: sync, scopes: ‸[${scopes(65)}] }\n`,
        says: '64',
      },
      { reason: 'scopes as one text', code: 'WrongType', text: 'keys:\n  - { name: sync, scopes: ‸content:read }\n' },
      {
        reason: 'org:admin',
        code: 'InvalidFormat',
        text: 'keys:\n  - { name: sync, scopes: [‸org:admin] }\n',
        says: 'not for customers',
      },
      { reason: 'all org scopes', code: 'InvalidFormat', text: 'keys:\n  - { name: sync, scopes: [‸"org:*"] }\n' },
      {
        reason: 'a scope without an action',
        code: 'InvalidFormat',
        text: 'keys:\n  - { name: sync, scopes: [‸content] }\n',
      },
      {
        reason: 'a scope in upper case',
        code: 'InvalidFormat',
        text: 'keys:\n  - { name: sync, scopes: [‸Content:Read] }\n',
      },
      {
        reason: 'a scope of four parts',
        code: 'InvalidFormat',
        text: 'keys:\n  - { name: sync, scopes: [‸a:b:c:d] }\n',
      },
      {
        reason: 'a scope with a space',
        code: 'InvalidFormat',
        text: 'keys:\n  - { name: sync, scopes: [‸"content: read"] }\n',
      },
      {
        reason: 'a map where a scope with a space was meant',
        code: 'WrongType',
        text: 'keys:\n  - name: sync\n    scopes:\n      - ‸content: read\n',
      },
      {
        reason: 'a wildcard without quotes',
        code: 'AliasForbidden',
        text: 'keys:\n  - { name: sync, scopes: [‸*] }\n',
        says: 'quote it',
      },
      { reason: 'an unknown env', code: 'InvalidValue', text: key('env: ‸prod'), says: 'live or test' },
      { reason: 'an unknown key state', code: 'InvalidValue', text: key('state: ‸deleted') },
      { reason: 'a day without a time', code: 'InvalidFormat', text: key('createdAfter: ‸2026-11-01') },
      {
        reason: 'a time with an offset',
        code: 'InvalidFormat',
        text: key('createdAfter: ‸2026-11-01T00:00:00+00:00'),
        says: 'ending in Z',
      },
      { reason: 'a time without seconds', code: 'InvalidFormat', text: key('createdAfter: ‸2026-11-01T00:00Z') },
      {
        reason: 'a day that does not exist',
        code: 'InvalidValue',
        text: key('createdAfter: ‸2026-02-30T00:00:00Z'),
        says: 'that exist',
      },
      { reason: 'an hour that does not exist', code: 'InvalidValue', text: key('createdAfter: ‸2026-02-03T25:00:00Z') },
      {
        reason: 'an unknown member of a key',
        code: 'UnknownField',
        text: key('‸scope: a:b'),
        says: 'Did you mean scopes?',
      },
      {
        reason: 'a secret in the file',
        code: 'UnknownField',
        text: key('‸secret: lp_live_ABCDEFGHJKMNPQRS_0123456789012345678901234567890123456789012'),
      },
      {
        reason: 'a name with a slash is fine, a name with a line break is not',
        code: 'InvalidFormat',
        text: 'keys:\n  - { name: ‸"a\\nb", scopes: [a:b] }\n',
      },
      {
        reason: 'a name of 121 characters',
        code: 'OutOfRange',
        text: `keys:\n  - { name: ‸${long(121)}, scopes: [a:b] }\n`,
      },
      {
        reason: 'a name used twice',
        code: 'DuplicateName',
        text: 'keys:\n  - { name: a, scopes: [a:b] }\n  - { name: ‸a, scopes: [a:b] }\n',
        says: 'entry 1',
      },
      {
        reason: 'names that differ in case',
        code: 'DuplicateName',
        text: 'keys:\n  - { name: a, scopes: [a:b] }\n  - { name: b, scopes: [a:b] }\n  - { name: ‸A, scopes: [a:b] }\n',
        says: 'only in case',
      },
    ],
    head,
  );
});

test('one mistake does not hide another, wherever it stands', () => {
  const { text, places } = unmark(
    '‸externalId: acme\n‸naem: Acme\ncredits: ‸1e3\nrefill: { threshold: ‸x, amount: 1 }\nkeys:\n' +
      '  - { name: a, scopes: ‸5 }\n  - { name: ‸A, scopes: [‸org:admin], env: ‸x }\n‸metadata: {' +
      ` a: ‸1, ${members(45)} }\n`,
  );
  const reading = readCustomer('customers/acme.yaml', text);
  if (reading.ok) throw new Error('accepted');
  expect(reading.problems.map(({ line, column }) => ({ line, column }))).toEqual(places);
});

test('a pasted secret is starred out in messages and frames', () => {
  const secret = 'lp_live_ABCDEFGHJKMNPQRS_0123456789012345678901234567890123456789012';
  const signing = 'whsec_abcdefghijklmnopqrstuvwxyz';
  const reading = readCustomer(
    'customers/acme.yaml',
    `${head}billingEmail: ${secret}\nstate: ${signing}\nx: "${secret}"\n`,
  );
  const printed = JSON.stringify(reading);
  expect(printed).not.toContain('_0123456789');
  expect(printed).not.toContain('whsec_abc');
  expect(printed).toContain('lp_live_ABCDEFGHJKMNPQRS_***');
});
