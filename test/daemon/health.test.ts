import { describe, expect, it } from 'vitest';
import { createHealth } from '../../src/daemon/health.ts';

const RESYNC_MS = 600_000;

function daemonAt(ms = 0) {
  const time = { ms };
  return { time, health: createHealth({ monotonic: () => time.ms }, RESYNC_MS) };
}

describe('alive', () => {
  it('is a loop that moved within three intervals', () => {
    const { time, health } = daemonAt();
    time.ms = 3 * RESYNC_MS;
    expect(health.live()).toEqual({ ok: true, note: 'ok' });
    time.ms += 1_000;
    expect(health.live()).toEqual({ ok: false, why: 'the loop has not moved for 1801 s' });
    health.noteProgress();
    expect(health.live().ok).toBe(true);
  });

  it('grants a short interval the minutes that one step may wait for the rate limit', () => {
    const { time, health } = daemonAt();
    health.noteInterval(1_000);
    time.ms = 299_000;
    expect(health.live().ok).toBe(true);
    time.ms = 301_000;
    expect(health.live().ok).toBe(false);
  });

  it('asks no loop of a standby, which has none', () => {
    const { time, health } = daemonAt();
    health.noteLeading(false);
    time.ms = 24 * 3_600_000;
    expect(health.live().ok).toBe(true);
    health.noteLeading(true);
    expect(health.live().ok).toBe(true);
  });
});

describe('ready', () => {
  it('is a daemon that read its declarations and knows an API that knows it', () => {
    const { health } = daemonAt();
    health.noteLeading(true);
    expect(health.ready()).toMatchObject({ ok: false, why: 'the declarations have not been read yet' });
    health.noteDeclarations(null);
    expect(health.ready()).toMatchObject({ ok: false, why: 'the API has not answered yet' });
    health.noteApi(null);
    expect(health.ready()).toEqual({ ok: true, note: 'ok' });
    health.noteApi('The API key was refused.');
    expect(health.ready()).toMatchObject({ ok: false, why: 'The API key was refused.' });
  });

  it('is a standby, once it can read what it may have to take over', () => {
    const { health } = daemonAt();
    health.noteLeading(false);
    expect(health.ready().ok).toBe(false);
    health.noteDeclarations(null);
    expect(health.ready()).toEqual({ ok: true, note: 'ok, standing by: another replica leads' });
  });
});
