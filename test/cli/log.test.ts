import { describe, expect, it } from 'vitest';
import { createLog, type LogOptions, readLogLevel } from '../../src/cli/log.ts';
import { Secret } from '../../src/core/secret.ts';

const key = `lp_live_ABCDEFGHJKMNPQRS_${'x'.repeat(43)}`;

function logging(options: Partial<LogOptions> = {}) {
  let text = '';
  const log = createLog({
    level: 'info',
    human: false,
    color: false,
    secrets: () => [],
    ...options,
    write: (line) => {
      text += line;
    },
  });
  return { log, text: () => text };
}

describe('the log', () => {
  it('is one JSON object a line', () => {
    const { log, text } = logging();
    log.info({ customer: 'acme-coffee' }, 'step ended');
    log.debug('not at this level');
    expect(JSON.parse(text())).toMatchObject({ level: 'info', msg: 'step ended', customer: 'acme-coffee' });
  });

  it('is a short line for a person at a terminal', () => {
    const { log, text } = logging({ human: true });
    log.warn({ customer: 'acme-coffee', name: null, retryAfterMs: 500 }, 'waiting');
    expect(text()).toMatch(/^\d\d:\d\d:\d\d WARN {2}waiting customer=acme-coffee retryAfterMs=500\n$/);
  });

  it.each([true, false])('holds no secret wherever it came from (human: %s)', (human) => {
    const odd = 'a"odd\\secret';
    const { log, text } = logging({ human, secrets: () => [new Secret(odd)] });
    log.error(
      { err: new Error(`refused ${key}`), nested: { deep: [key, 'whsec_abcdefgh'] } },
      `about ${key} and ${odd}`,
    );
    log.info({ field: odd, secret: new Secret('plain') });
    expect(text()).not.toContain('xxxx');
    expect(text()).not.toContain('abcdefgh');
    expect(text()).not.toContain('odd');
    expect(text()).not.toContain('plain');
    expect(text()).toContain('lp_live_ABCDEFGHJKMNPQRS_[secret]');
  });

  it('holds no token of a service account, which nobody told it of', () => {
    const { log, text } = logging();
    log.warn({ why: 'refused Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2lnbmF0dXJl by the server' }, 'request');
    expect(text()).toContain('refused Bearer [secret] by the server');
  });

  it('moves no cursor of the person who reads it', () => {
    const { log, text } = logging({ human: true });
    log.info({ name: '\u001b[2J\u202e' }, 'a\nb');
    expect(text().trimEnd()).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it.each([
    [undefined, 'info'],
    ['', 'info'],
    ['DEBUG', 'debug'],
    ['silent', 'silent'],
    ['loud', null],
  ])('at RECONCILE_LOG_LEVEL=%s is at level %s', (text, level) => {
    expect(readLogLevel(text)).toBe(level);
  });
});
