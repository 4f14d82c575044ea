import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  isAllowedWebhookHost,
  webhookHost,
  webhookUrlPattern,
  webhookUrlProblem,
} from '../../../src/core/declaration/webhook-url.ts';

/** What is refused stands in test/corpus/workspaces/webhook-urls. */
test.each([
  'https://hooks.partner.example/layers',
  'https://hooks.partner.example',
  'https://hooks.partner.example:443/a/b?c=d&e=%20',
  'https://a-b.c-d.co.uk/',
  'https://xn--caf-dma.example/',
  'https://1and1.example/',
  'https://localhost.partner.example/',
])('%s may be declared', (url) => {
  expect(webhookUrlProblem(url)).toBeNull();
});

const piece = fc.constantFrom(
  'https://',
  'http://',
  'hooks',
  'a',
  'example',
  'localhost',
  'local',
  'home.arpa',
  '127',
  '0x7f',
  '1',
  '443',
  '8443',

  '.',
  '-',
  ':',
  '/',
  '?',
  '#',
  '@',
  '[',
  ']',
  '%20',
  '"',
  '<',
  '\\',
  '^',
  '`',
  '{',
  '|',
  ' ',
  'é',
  'A',
  '_',
  '~',
  '!',
  'x'.repeat(64),
  'a.'.repeat(130),
);

test('the expression for editors accepts what we accept', () => {
  const url = fc.array(piece, { maxLength: 8 }).map((pieces) => `https://${pieces.join('')}`);
  fc.assert(
    fc.property(url, (text) => {
      expect(webhookUrlPattern.test(text)).toBe(webhookUrlProblem(text) === null);
    }),
    { numRuns: 5_000 },
  );
});

test('what is accepted is read by a URL parser as the same host, and on port 443', () => {
  const url = new URL('https://hooks.partner.example:443/layers');
  expect(webhookHost('https://hooks.partner.example:443/layers')).toBe(url.hostname);
  expect(url.port).toBe('');
});

test.each([
  { allowed: ['hooks.partner.example'], host: 'hooks.partner.example', expected: true },
  { allowed: ['hooks.partner.example'], host: 'evil.hooks.partner.example', expected: false },
  { allowed: ['*.partner.example'], host: 'hooks.partner.example', expected: true },
  { allowed: ['*.partner.example'], host: 'a.b.partner.example', expected: true },
  { allowed: ['*.partner.example'], host: 'partner.example', expected: false },
  { allowed: ['*.partner.example'], host: 'evilpartner.example', expected: false },
  { allowed: [], host: 'hooks.partner.example', expected: false },
])('an allow-list of $allowed and $host: $expected', ({ allowed, host, expected }) => {
  expect(isAllowedWebhookHost(`https://${host}/x`, allowed)).toBe(expected);
});
