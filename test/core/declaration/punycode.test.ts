import { domainToASCII, domainToUnicode } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unicodeHost } from '../../../src/core/declaration/punycode.ts';
import { isSameWebhookUrl } from '../../../src/core/declaration/webhook-url.ts';

describe('a host in punycode', () => {
  it.each([
    'bücher.example',
    'пример.испытание',
    '例え.テスト',
    'faß.example',
    '한국.example',
    'ünï-cödé.example',
    '😀.example',
  ])('reads %s, as the standard library has it', (host) => {
    const ascii = domainToASCII(host);
    expect(unicodeHost(`https://${ascii}/layers`)).toBe(domainToUnicode(ascii));
  });

  it.each([
    'https://hooks.partner.example/',
    'https://xn--.example/',
    'https://xn--a-.example/',
    'https://xn--99999999.example/',
  ])('is not told where there is none, or it means nothing: %s', (url) => {
    expect(unicodeHost(url)).toBeNull();
  });
});

describe('two URLs', () => {
  it('name one receiver whether port and path are written down or not', () => {
    expect(isSameWebhookUrl('https://hooks.partner.example', 'https://HOOKS.partner.example:443/')).toBe(true);
    expect(isSameWebhookUrl('https://hooks.partner.example?a=1', 'https://hooks.partner.example/?a=1')).toBe(true);
    expect(isSameWebhookUrl('https://hooks.partner.example/a', 'https://hooks.partner.example/a/')).toBe(false);
    expect(isSameWebhookUrl('https://hooks.partner.example/a', 'https://hooks.partner.example/A')).toBe(false);
  });
});
