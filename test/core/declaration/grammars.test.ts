import { expect, test } from 'vitest';
import { parseDuration } from '../../../src/core/declaration/duration.ts';
import { parseInstant } from '../../../src/core/declaration/instant.ts';
import { parseListenSetting } from '../../../src/core/declaration/listen-address.ts';
import { nearest } from '../../../src/core/declaration/suggest.ts';

test.each([
  ['30s', 30_000],
  ['10m', 600_000],
  ['1h', 3_600_000],
  ['24h', 86_400_000],
  ['1441m', null],
  ['0s', null],
  ['05m', null],
  ['1.5h', null],
  ['10', null],
  ['10 m', null],
  ['-1m', null],
  ['10M', null],
  ['', null],
])('the duration %j is %j milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['127.0.0.1:9465', { host: '127.0.0.1', port: 9465 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }],
  ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
  ['off', 'off'],
  ['OFF', null],
  ['::1:80', null],
  ['localhost', null],
  ['localhost:', null],
  [':80', null],
  ['localhost:70000', null],
  ['local host:80', null],
])('the address %j is %j', (text, address) => {
  expect(parseListenSetting(text)).toEqual(address);
});

test.each([
  ['2026-11-01T00:00:00Z', Date.UTC(2026, 10, 1)],
  ['2026-11-01T00:00:00.250Z', Date.UTC(2026, 10, 1, 0, 0, 0, 250)],
  ['2024-02-29T23:59:59Z', Date.UTC(2024, 1, 29, 23, 59, 59)],
  ['2026-02-29T00:00:00Z', null],
  ['2026-11-31T00:00:00Z', null],
  ['2026-11-01T24:00:00Z', null],
  ['2026-11-01T23:59:60Z', null],
  ['2026-11-01t00:00:00z', null],
  ['2026-11-01 00:00:00Z', null],
  ['2026-11-01T00:00:00', null],
  ['2026-11-01T00:00:00+00:00', null],
])('the time %j is %j', (text, ms) => {
  expect(parseInstant(text)).toBe(ms);
});

test.each([
  { typed: 'creidts', expected: 'credits' },
  { typed: 'credit', expected: 'credits' },
  { typed: 'CREDITS', expected: 'credits' },
  { typed: 'metdata', expected: 'metadata' },
  { typed: 'cpa', expected: 'cap' },
  { typed: 'nam', expected: 'name' },
  { typed: 'budget', expected: null },
  { typed: 'x', expected: null },
])('$typed suggests $expected', ({ typed, expected }) => {
  expect(nearest(typed, ['name', 'credits', 'cap', 'metadata', 'keys'])).toBe(expected);
});
