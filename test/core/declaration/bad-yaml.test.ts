import { expect, test } from 'vitest';
import { readCustomer } from '../../../src/core/declaration/read.ts';
import { formatSourceProblem } from '../../../src/core/source-format.ts';
import { unmark } from '../../support/marked-text.ts';

const head = 'externalId: acme\nname: Acme\n';

test.each([
  { reason: 'nothing', code: 'EmptyFile', text: '‸' },
  { reason: 'only comments', code: 'EmptyFile', text: '‸# nothing yet\n' },
  { reason: 'only a document mark', code: 'EmptyFile', text: '‸---\n' },
  { reason: 'null', code: 'EmptyFile', text: '‸null\n' },
  { reason: 'a list', code: 'NotAMap', text: '‸- externalId: acme\n' },
  { reason: 'a text', code: 'NotAMap', text: '‸acme\n' },
  { reason: 'a number', code: 'NotAMap', text: '‸5\n' },
  { reason: 'JSON that is cut off', code: 'InvalidYaml', text: '{ "externalId": "acme"‸' },
  { reason: 'a second document', code: 'MultipleDocuments', text: `${head}‸---\nname: b\n` },
  { reason: 'an empty second document', code: 'MultipleDocuments', text: `${head}‸---\n` },
  { reason: 'a %YAML directive', code: 'DirectiveForbidden', text: `‸%YAML 1.1\n---\n${head}` },
  { reason: 'a %TAG directive', code: 'DirectiveForbidden', text: `‸%TAG ! tag:x,2000:\n---\n${head}` },
  { reason: 'an anchor', code: 'AnchorForbidden', text: `${head}metadata: ‸&m { plan: growth }\n` },
  { reason: 'an anchor on a member’s name', code: 'AnchorForbidden', text: `${head}‸&k cap: 5\n` },
  { reason: 'an anchor in the status', code: 'AnchorForbidden', text: `${head}status: { a: ‸&x 1 }\n` },
  { reason: 'an alias', code: 'AliasForbidden', text: `${head}credits: ‸*amount\n` },
  { reason: 'an alias as a member’s name', code: 'AliasForbidden', text: `${head}‸*k : 5\n` },
  { reason: 'a tag that makes a text of a number', code: 'TagForbidden', text: `${head}credits: ‸!!int "5"\n` },
  { reason: 'a tag of somebody’s own', code: 'TagForbidden', text: `${head}metadata: ‸!mine { a: b }\n` },
  { reason: 'binary data', code: 'TagForbidden', text: `${head}metadata: { a: ‸!!binary aGVsbG8= }\n` },
  { reason: 'a verbatim tag', code: 'TagForbidden', text: `${head}cap: ‸!<tag:yaml.org,2002:int> 5\n` },
  { reason: 'a merge key', code: 'MergeKeyForbidden', text: `${head}‸<<: { credits: 5 }\n` },
  { reason: 'a member written twice', code: 'DuplicateField', text: `${head}credits: 1\n‸credits: 2\n` },
  { reason: 'the identity written twice', code: 'DuplicateField', text: `${head}‸externalId: other\n` },
  { reason: 'a member written twice in quotes', code: 'DuplicateField', text: `${head}credits: 1\n‸"credits": 2\n` },
  {
    reason: 'a number and a text of the same digits',
    code: 'DuplicateField',
    text: `${head}metadata: { 1: a, ‸"1": b }\n`,
  },
  {
    reason: 'names that differ only in Unicode form',
    code: 'DuplicateField',
    text: `${head}metadata: { caf\u00e9: a, ‸cafe\u0301: b }\n`,
  },
  { reason: 'a member written twice in the status', code: 'DuplicateField', text: `${head}status: { a: 1, ‸a: 2 }\n` },
  { reason: '__proto__', code: 'ForbiddenField', text: `${head}metadata: { ‸__proto__: x }\n` },
  { reason: 'constructor', code: 'ForbiddenField', text: `${head}metadata: { ‸constructor: x }\n` },
  { reason: 'prototype in the status', code: 'ForbiddenField', text: `${head}status: { ‸prototype: x }\n` },
  {
    reason: 'a control character in a name',
    code: 'ForbiddenCharacter',
    text: `${head}metadata: { ‸"a\\u0007": x }\n`,
  },
  { reason: 'a map as a member’s name', code: 'InvalidYaml', text: `${head}? ‸{ a: b }\n: 5\n` },
  { reason: 'a list as a member’s name', code: 'InvalidYaml', text: `${head}‸[a, b]: 5\n` },
  { reason: 'a tab as indentation', code: 'InvalidYaml', text: `${head}metadata:\n‸\tplan: growth\n` },
  { reason: 'a quote that is not closed', code: 'InvalidYaml', text: `${head}billingEmail: "ops@acme.example\n‸` },
  { reason: 'a bracket that is not closed', code: 'InvalidYaml', text: `${head}keys: [\n‸` },
  { reason: 'a brace too many', code: 'InvalidYaml', text: `${head}refill: { threshold: 1, amount: 2 }‸}\n` },
  {
    reason: 'a colon inside a plain text',
    code: 'InvalidYaml',
    text: `${head}metadata: { a: b }\nbillingEmail: ‸a: b\n`,
  },
  { reason: 'a text that begins with @', code: 'InvalidYaml', text: `externalId: acme\nname: ‸@acme\n` },
  { reason: 'an unknown escape', code: 'InvalidYaml', text: `externalId: acme\nname: "A‸\\qcme"\n` },
  { reason: 'wrong indentation', code: 'InvalidYaml', text: `${head}metadata:\n    a: b\n‸  c: d\n` },
  { reason: 'a NUL', code: 'ForbiddenCharacter', text: `${head}billingEmail: a‸\u0000b\n` },
  { reason: 'an escape character', code: 'ForbiddenCharacter', text: `${head}# ‸\u001b[31mred\n` },
  { reason: 'a C1 control', code: 'ForbiddenCharacter', text: `${head}# ‸\u009b31m\n` },
  { reason: 'NEL as a line end', code: 'ForbiddenCharacter', text: `externalId: acme‸\u0085name: Acme\n` },
  { reason: 'a lone carriage return', code: 'ForbiddenCharacter', text: 'externalId: acme‸\rname: Acme\r' },
  { reason: 'U+FFFD', code: 'ForbiddenCharacter', text: 'externalId: acme\nname: Caf‸\ufffd\n' },
  { reason: 'a byte order mark in the middle', code: 'ForbiddenCharacter', text: `${head}‸\ufeffcredits: 5\n` },
  { reason: 'one level too deep', code: 'TooDeep', text: `${head}status: ${'['.repeat(16)}‸]\n`, loose: true },
  {
    reason: '201 members',
    code: 'TooManyFields',
    text: `${head}status:\n  ‸${Array.from({ length: 201 }, (_, n) => `k${n}: 1`).join('\n  ')}\n`,
  },
  {
    reason: 'more than 2,000 values',
    code: 'TooManyNodes',
    text: `${head}status: [${'1, '.repeat(2_000)}]\n`,
    loose: true,
  },
])('$reason is refused', ({ code, text, loose }) => {
  const { text: unmarked, places } = unmark(text);
  const reading = readCustomer('customers/acme.yaml', unmarked);
  if (reading.ok) throw new Error('accepted');
  if (loose) expect(reading.problems).toMatchObject([{ code }]);
  else {
    const found = reading.problems.map(({ code: its, line, column }) => ({ code: its, line, column }));
    expect(found).toEqual(places.map((place) => ({ code, ...place })));
  }
  const printed = reading.problems.map(formatSourceProblem).join('').replaceAll('\n', '');
  expect(printed).not.toMatch(/\p{Cc}/u);
});

test.each([
  { reason: 'CRLF line ends', text: 'externalId: acme\r\nname: Acme\r\n' },
  { reason: 'a byte order mark', text: `\ufeff${head}` },
  { reason: 'a document mark before and after', text: `---\n${head}...\n` },
  { reason: 'JSON', text: '{"externalId": "acme", "name": "Acme"}' },
  { reason: 'no final line end', text: head.trimEnd() },
  { reason: 'a folded text', text: 'externalId: acme\nname: >-\n  Acme\n' },
  { reason: 'plain words YAML 1.1 would take for truth values', text: 'externalId: no\nname: off\n' },
  { reason: 'a thousand lines of comments', text: `${'# why\n\n'.repeat(1_000)}${head}${'# why\n\n'.repeat(1_000)}` },
  { reason: 'an empty status', text: `${head}status:\n` },
  { reason: 'a status with anything in it', text: `${head}status: { a: 1e3, b: [~, 1.5], c: 0x10, d: }\n` },
  { reason: '16 levels', text: `${head}status: { a: ${'['.repeat(14)}1${']'.repeat(14)} }\n` },
])('$reason is read', ({ text }) => {
  const reading = readCustomer('customers/acme.yaml', text);
  if (!reading.ok) throw new Error(reading.problems.map(({ message }) => message).join('\n'));
  expect(reading.declaration).toMatchObject({ state: 'active', credits: 0, keys: [] });
});

test('the status is handed on as it stands and is no part of the declaration', () => {
  const reading = readCustomer('customers/acme.yaml', `${head}status: { credits: { granted: 5 }, big: 1e3 }\n`);
  expect(reading).toMatchObject({ ok: true, status: { credits: { granted: 5 }, big: 1000 } });
  expect(reading.ok && Object.keys(reading.declaration)).not.toContain('status');
});

test.each([
  { reason: 'brackets 32,000 deep', text: '['.repeat(32_000) },
  { reason: 'maps 16,000 deep', text: '{a: '.repeat(16_000) },
  { reason: 'lists in lists 32,000 deep', text: '- '.repeat(32_000) },
  { reason: 'keys in keys 32,000 deep', text: '? '.repeat(32_000) },
  { reason: 'indentation 300 deep', text: Array.from({ length: 300 }, (_, n) => `${' '.repeat(n)}a:`).join('\n') },
  { reason: '10 MB', text: 'a'.repeat(10_000_000) },
  { reason: '10 MB of brackets', text: '['.repeat(10_000_000) },
  { reason: '40,000 keys', text: Array.from({ length: 40_000 }, (_, n) => `k${n}: 1`).join('\n') },
  { reason: '8,000 keys in 64 KiB', text: Array.from({ length: 7_000 }, (_, n) => `k${n}:`).join('\n') },
  { reason: '30,000 keys in one line', text: `{${'a,'.repeat(30_000)}}` },
  {
    reason: 'billion laughs',
    text: [
      'a: &a [x,x]',
      ...'bcdefghi'.split('').map((c, n) => `${c}: &${c} [${`*${'abcdefgh'[n]},`.repeat(9)}]`),
    ].join('\n'),
  },
  { reason: '2,000 aliases', text: `a: &a x\nb: [${'*a, '.repeat(1_900)}]` },
  { reason: '30,000 empty items', text: '-\n'.repeat(30_000) },
  { reason: '20,000 quotes', text: '"a" '.repeat(16_000) },
  { reason: '20,000 tags', text: '!a '.repeat(20_000) },
  { reason: '20,000 anchors', text: '&a '.repeat(20_000) },
  { reason: '15,000 documents', text: '---\n'.repeat(15_000) },
  { reason: '60,000 colons', text: ': '.repeat(32_000) },
  { reason: '60 KiB of hash signs', text: '# '.repeat(30_000) },
  { reason: '60 KiB in one plain text of many lines', text: `externalId: ${'a\n '.repeat(20_000)}` },
  { reason: 'a small deep file once more after all of these', text: '['.repeat(1_000) },
])('$reason is refused and ends nothing', ({ text }) => {
  const reading = readCustomer('customers/acme.yaml', text);
  if (reading.ok) throw new Error('accepted');
  expect(reading.problems.length).toBeGreaterThan(0);
  expect(reading.problems.length).toBeLessThanOrEqual(100);
});
