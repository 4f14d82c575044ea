import { describe, expect, test } from 'vitest';
import { readAnswer, type Shape } from '../../../src/effects/layers/answers.ts';
import { rateLimitHeaders, retryAfterMs } from '../../../src/effects/layers/headers.ts';
import { readJson } from '../../../src/effects/layers/json.ts';
import { cleanText, formsOf } from '../../../src/effects/layers/wording.ts';
import { token } from './samples.ts';

const now = Date.parse('2026-11-02T08:00:00Z');
const anything: Shape<unknown> = (value) => ({ ok: true, value });

test.each([
  { reason: 'seconds', headers: { 'retry-after': '7' }, ms: 7_000 },
  { reason: 'fractions of a second', headers: { 'retry-after': '1.5' }, ms: 1_500 },
  { reason: 'nothing to wait for', headers: { 'retry-after': '0' }, ms: 1_000 },
  { reason: 'a day', headers: { 'retry-after': '86400' }, ms: 3_600_000 },
  { reason: 'a date by our clock', headers: { 'retry-after': 'Mon, 02 Nov 2026 08:00:30 GMT' }, ms: 30_000 },
  {
    reason: 'a date by theirs',
    headers: { 'retry-after': 'Mon, 02 Nov 2026 09:00:30 GMT', date: 'Mon, 02 Nov 2026 09:00:00 GMT' },
    ms: 30_000,
  },
  { reason: 'a date gone by', headers: { 'retry-after': 'Mon, 02 Nov 2020 08:00:30 GMT' }, ms: 1_000 },
  { reason: 'an old-fashioned date', headers: { 'retry-after': 'Monday, 02-Nov-26 08:00:30 GMT' }, ms: 30_000 },
  { reason: 'a negative number', headers: { 'retry-after': '-5' }, ms: undefined },
  { reason: 'a number in words', headers: { 'retry-after': 'soon' }, ms: undefined },
  { reason: 'an exponent', headers: { 'retry-after': '1e3' }, ms: undefined },
  { reason: 'silence', headers: {}, ms: undefined },
])('Retry-After with $reason is $ms ms', ({ headers, ms }) => {
  expect(retryAfterMs(headers, now)).toBe(ms);
});

test('rate limit headers that say nothing sensible say nothing', () => {
  const headers = {
    'x-ratelimit-limit': 'many',
    'x-ratelimit-remaining': '-1',
    'x-ratelimit-reset': '2026-11-02T08:00:00Z',
  };
  expect(rateLimitHeaders(headers, now)).toEqual({});
  expect(rateLimitHeaders({ 'x-ratelimit-limit': '60;w=60' }, now)).toEqual({ limit: 60 });
});

describe('JSON', () => {
  test.each([
    ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', 'the same name on different levels and in neighbours'],
    ['{"a":"a","b":"\\"a\\": 1, \\"a\\": 2"}', 'names inside of texts'],
    ['["a","a",{"b":["a","a"]}]', 'the same text twice in an array'],
    [`${'['.repeat(32)}${']'.repeat(32)}`, '32 levels'],
    ['"\\\\"', 'an escaped backslash before the end'],
  ])('%s is read: %s', (text) => {
    expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  test.each([
    ['{"a":1,"a":1}', 'same member twice'],
    ['{"a" :1,"\\u0061"\n:2}', 'same member twice'],
    ['[{"x":{"a":1,"b":2,"a":3}}]', 'same member twice'],
    ['{"__proto__":1,"__proto__":2}', 'same member twice'],
    [`${'[{"a":'.repeat(17)}`, 'nested deeper'],
    ['{"a":1', 'not valid JSON'],
    ['"a', 'not valid JSON'],
    ['', 'not valid JSON'],
  ])('%s is refused: %s', (text, reason) => {
    expect(readJson(text)).toMatchObject({ ok: false, message: expect.stringContaining(reason) });
  });

  test('8 MiB of one member after the other are read without a stack', () => {
    const text = `{${Array.from({ length: 400_000 }, (_, index) => `"k${index}":[{}]`).join(',')}}`;
    expect(readJson(text).ok).toBe(true);
  });
});

describe('wording', () => {
  test('is one line without anything that does not print', () => {
    expect(cleanText('a\r\n\tb\u0000\u001b\u202e\u2028c\u200b', [])).toBe('a b c');
  });

  test('is cut at 300 characters, behind the removal of secrets', () => {
    const cleaned = cleanText(`${'x'.repeat(290)} ${token}`, formsOf(token));
    expect(cleaned).toBe(`${'x'.repeat(290)} [secret]`);
    expect(cleanText('y'.repeat(400), [])).toHaveLength(300);
  });

  test('keeps ordinary words and hides no short ones', () => {
    expect(cleanText('help_text of the key is wrong', formsOf('key'))).toBe('help_text of the key is wrong');
  });
});

test('a failure of the transport keeps its code, and its certainty becomes the outcome', () => {
  const reading = { kind: 'write', shape: anything, hidden: [], nowMs: now } as const;
  const failure = { kind: 'failure', code: 'NETWORK', message: 'm' } as const;
  expect(readAnswer({ ...failure, certainty: 'nothing-sent' }, reading).outcome).toBe('not-done');
  expect(readAnswer({ ...failure, certainty: 'unknown' }, reading).outcome).toBe('in-doubt');
});

test.each([
  ['req_01JZZABCDEFGHJKMNPQRSTVWXY', 'req_01JZZABCDEFGHJKMNPQRSTVWXY'],
  ['0d2f7b52-6c1e-5a7e-9f31-6f8f0d9b1a2c', '0d2f7b52-6c1e-5a7e-9f31-6f8f0d9b1a2c'],
  [token, undefined],
  ['req_\u001b[2J', undefined],
])('the request id %j is kept only in a form that the API prints', (header, requestId) => {
  const headers = { 'content-type': 'application/json', 'x-request-id': header };
  const answer = readAnswer(
    { kind: 'response', status: 200, headers, body: '{}' },
    { kind: 'read', shape: anything, hidden: [], nowMs: now },
  );
  expect(answer.meta.requestId).toBe(requestId);
});
