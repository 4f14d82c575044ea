import { expect, test } from 'vitest';
import { isAllowedWebhookHost, webhookHost, webhookUrlProblem } from '../../../src/core/declaration/webhook-url.ts';

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

test.each([
  { url: 'http://hooks.partner.example/', why: 'https' },
  { url: 'ftp://hooks.partner.example/', why: 'https' },
  { url: 'HTTPS://hooks.partner.example/', why: 'lower case' },
  { url: '//hooks.partner.example/', why: 'https' },
  { url: 'hooks.partner.example', why: 'https' },
  { url: '', why: 'https' },
  { url: 'https://', why: 'full domain name' },
  { url: 'https:///x', why: 'full domain name' },
  { url: 'https://hooks.partner.example:8443/', why: 'port 443' },
  { url: 'https://hooks.partner.example:/', why: 'port 443' },
  { url: 'https://hooks.partner.example:443:443/', why: 'port 443' },
  { url: 'https://user:pass@hooks.partner.example/', why: 'user name' },
  { url: 'https://hooks.partner.example@127.0.0.1/', why: 'user name' },
  { url: 'https://hooks.partner.example/#x', why: 'fragment' },
  { url: 'https://127.0.0.1/', why: 'IP address' },
  { url: 'https://127.1/', why: 'IP address' },
  { url: 'https://2130706433/', why: 'IP address' },
  { url: 'https://0x7f000001/', why: 'IP address' },
  { url: 'https://0x7f.1/', why: 'IP address' },
  { url: 'https://169.254.169.254/latest/meta-data', why: 'IP address' },
  { url: 'https://[::1]/', why: 'IP address' },
  { url: 'https://[fd00::1]:443/', why: 'IP address' },
  { url: 'https://localhost/', why: 'only inside a network' },
  { url: 'https://api.localhost/', why: 'only inside a network' },
  { url: 'https://metadata.google.internal/', why: 'only inside a network' },
  { url: 'https://printer.local/', why: 'only inside a network' },
  { url: 'https://hooks.svc.cluster.local/', why: 'only inside a network' },
  { url: 'https://nas.home.arpa/', why: 'only inside a network' },
  { url: 'https://intranet-host/', why: 'single word' },
  { url: 'https://hooks.partner.example./', why: 'valid domain name' },
  { url: 'https://hooks..example/', why: 'valid domain name' },
  { url: 'https://-hooks.example/', why: 'valid domain name' },
  { url: 'https://ho_oks.example/', why: 'valid domain name' },
  { url: 'https://Hooks.Partner.example/', why: 'lower case' },
  { url: 'https://café.example/', why: 'punycode' },
  { url: 'https://hooks.partner.example\\@evil.example/', why: 'backslashes' },
  { url: 'https://hooks.partner.example/a b', why: 'spaces' },
  { url: 'https://hooks.partner.example/\u0000', why: 'ASCII' },
  { url: `https://${'a'.repeat(64)}.example/`, why: 'valid domain name' },
  { url: `https://hooks.partner.example/${'a'.repeat(2048)}`, why: '2,048' },
])('$url is refused: $why', ({ url, why }) => {
  expect(webhookUrlProblem(url)).toContain(why);
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
