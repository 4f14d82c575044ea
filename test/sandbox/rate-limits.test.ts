import { describe, expect, it } from 'vitest';
import { drive } from './support.ts';

const MINUTE = 60_000;

describe('rate limits', () => {
  const tiers = [
    { tier: 'standard', reads: 120, writes: 60 },
    { tier: 'pilot', reads: 1200, writes: 600 },
    { tier: 'partner', reads: 6000, writes: 3000 },
    { tier: 'sandbox', reads: 120, writes: 60 },
  ] as const;
  it.each(tiers)('$tier: $reads reads and $writes writes a minute, counted apart', ({ tier, reads, writes }) => {
    const { call, sandbox } = drive({ tier });
    for (let at = 0; at < reads; at += 1) expect(call('GET', '/v1/whoami').status).toBe(200);
    expect(call('GET', '/v1/whoami').status).toBe(429);
    for (let at = 0; at < writes; at += 1) expect(call('POST', '/v1/nowhere').status).toBe(404);
    expect(call('POST', '/v1/nowhere').status).toBe(429);
    sandbox.clock.advance(MINUTE);
    expect([call('GET', '/v1/whoami').status, call('POST', '/v1/nowhere').status]).toEqual([200, 404]);
  });

  it('shows the bucket on every answer, and when to come back on a 429', () => {
    const { call, sandbox } = drive({ tier: 'standard' });
    sandbox.clock.advance(15_500);
    expect(call('GET', '/v1/whoami').headers).toMatchObject({
      'x-ratelimit-limit': '120',
      'x-ratelimit-remaining': '119',
      'x-ratelimit-reset': String(Date.UTC(2026, 5, 15, 12, 1) / 1000),
      'x-ratelimit-endpoint-class': 'read-light',
      'x-request-id': expect.stringMatching(/^req_[0-9A-Z]{26}$/),
      date: 'Mon, 15 Jun 2026 12:00:15 GMT',
      'content-type': 'application/json',
    });
    expect(call('DELETE', '/v1/nowhere').headers).toMatchObject({
      'x-ratelimit-limit': '60',
      'x-ratelimit-remaining': '59',
      'x-ratelimit-endpoint-class': 'write-light',
    });
    for (let at = 0; at < 119; at += 1) call('GET', '/v1/whoami');
    const refused = call('GET', '/v1/whoami');
    expect(refused.body.error.code).toBe('RATE_LIMITED');
    expect(refused.headers).toMatchObject({ 'retry-after': '45', 'x-ratelimit-remaining': '0' });
  });

  it('stops writes at the day cap until midnight UTC, while reads go on', () => {
    const { call, sandbox } = drive({ tier: 'standard' });
    for (let minute = 0; minute < 10_000 / 60; minute += 1) {
      for (let at = 0; at < 60; at += 1) call('POST', '/v1/nowhere');
      sandbox.clock.advance(MINUTE);
    }
    const refused = call('POST', '/v1/nowhere');
    const secondsToMidnight = (Date.UTC(2026, 5, 16) - sandbox.clock.now()) / 1000;
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, String(secondsToMidnight)]);
    expect(call('GET', '/v1/whoami').status).toBe(200);
    sandbox.clock.set(Date.UTC(2026, 5, 16));
    expect(call('POST', '/v1/nowhere').status).toBe(404);
  });

  it('counts per key, so that a child uses up its own', () => {
    const { call, child, key } = drive({ tier: 'standard' });
    const { secret: token } = key(child());
    expect(call('GET', '/v1/whoami', undefined, { token }).headers['x-ratelimit-remaining']).toBe('119');
    expect(call('GET', '/v1/whoami').headers['x-ratelimit-remaining']).toBe('119');
  });

  it('counts replays unless the behaviour says otherwise', () => {
    for (const replaysCountAgainstQuota of [true, false]) {
      const { call } = drive({ tier: 'standard', behaviour: { replaysCountAgainstQuota } });
      for (let at = 0; at < 5; at += 1) call('POST', '/v1/organizations', { name: 'a' }, { key: 'k' });
      const { headers } = call('POST', '/v1/nowhere');
      expect(headers['x-ratelimit-remaining']).toBe(replaysCountAgainstQuota ? '54' : '58');
    }
  });

  it('does not exist for the tier unlimited', () => {
    const { call } = drive({ tier: 'unlimited' });
    const { headers } = call('GET', '/v1/whoami');
    expect(headers).not.toHaveProperty('x-ratelimit-limit');
    expect(headers).toHaveProperty('x-ratelimit-endpoint-class');
  });
});
