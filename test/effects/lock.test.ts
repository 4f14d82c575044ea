import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemChance } from '../../src/effects/chance.ts';
import type { Clock } from '../../src/effects/clock.ts';
import { acquireLock, type HeldLock, type LockResult } from '../../src/effects/lock.ts';

let directory = '';
const held: HeldLock[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reconcile-test-'));
});
afterEach(() => {
  for (const lock of held.splice(0)) lock.release();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const clock: Clock = {
  now: () => Date.parse('2026-11-01T00:00:00Z'),
  monotonic: () => 0,
  sleep: () => new Promise((resolve) => setImmediate(resolve)),
};

async function acquire(command = 'reconcile'): Promise<LockResult> {
  const result = await acquireLock({ directory, command, clock, chance: systemChance });
  if (result.ok) held.push(result.lock);
  return result;
}

function contender(mode: 'hold' | 'race'): ChildProcess {
  const script = fileURLToPath(new URL('../support/lock-contender.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, mode, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<unknown> {
  const [chunk] = child.stdout ? await once(child.stdout, 'data') : [];
  return JSON.parse(String(chunk));
}

describe('the lock of a workspace', () => {
  test('is a private socket that is gone when it is released', async () => {
    const result = await acquire();
    expect(result).toMatchObject({ ok: true });
    expect(readdirSync(directory)).toEqual(['lock']);
    expect(statSync(join(directory, 'lock')).isSocket()).toBe(true);
    expect(statSync(join(directory, 'lock')).mode & 0o777).toBe(0o600);
    held.pop()?.release();
    expect(readdirSync(directory)).toEqual([]);
    expect(await acquire()).toMatchObject({ ok: true });
  });

  test('tells the next one who holds it', async () => {
    await acquire('reconcile --watch');
    expect(await acquire()).toEqual({
      ok: false,
      code: 'held',
      holder: { pid: process.pid, since: '2026-11-01T00:00:00.000Z', command: 'reconcile --watch' },
      message: expect.stringContaining(`process ${process.pid} ("reconcile --watch", since 2026-11-01T00:00:00.000Z)`),
    });
    expect(readdirSync(directory)).toEqual(['lock']);
  });

  test('may be released twice without harm to the next holder', async () => {
    await acquire();
    const first = held.pop();
    first?.release();
    await acquire();
    first?.release();
    expect(await acquire()).toMatchObject({ ok: false, code: 'held' });
  });

  test('goes to one of many that start at once', async () => {
    const results = await Promise.all(Array.from({ length: 12 }, () => acquire()));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(results.every((result) => result.ok || result.code === 'held')).toBe(true);
    held.pop()?.release();
    expect(await acquire()).toMatchObject({ ok: true });
  });

  test('is not taken from a holder that does not answer', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(join(directory, 'lock'), resolve));
    const sockets: { destroy(): void }[] = [];
    silent.on('connection', (socket) => {
      sockets.push(socket);
      // As if stopped: the connection stays open, and nothing is ever said.
      socket.end(' '.repeat(5_000));
    });
    const result = await acquire();
    expect(result).toMatchObject({ ok: false, code: 'held', holder: null });
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test('works however long the path is, and is the same lock', async () => {
    directory = join(directory, 'd'.repeat(120));
    mkdirSync(directory);
    expect(await acquire()).toMatchObject({ ok: true });
    expect(readdirSync(directory)).toEqual(['lock']);
    vi.stubEnv('TMPDIR', mkdtempSync(join(tmpdir(), 'other-')));
    expect(await acquire()).toMatchObject({ ok: false, code: 'held', holder: { pid: process.pid } });
  });

  test('says why it cannot be had', async () => {
    directory = join(directory, 'missing');
    expect(await acquire()).toMatchObject({ ok: false, code: 'failed', message: expect.stringContaining(directory) });
  });

  test('takes the place of a file that is no socket', async () => {
    writeFileSync(join(directory, 'lock'), '4711\n');
    expect(await acquire()).toMatchObject({ ok: true });
  });
});

describe('between processes', () => {
  test('the lock of a killed process is stale, and so are the claims it left', async () => {
    const child = contender('hold');
    expect(await firstLine(child)).toEqual({ ok: true });
    expect(await acquire()).toMatchObject({ ok: false, code: 'held', holder: { pid: child.pid } });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readdirSync(directory)).toEqual(['lock']);
    writeFileSync(join(directory, 'lock-0123abcd'), '');
    writeFileSync(join(directory, '.lock-0123abcd'), '');
    expect(await acquire()).toMatchObject({ ok: true });
    expect(readdirSync(directory)).toEqual(['lock']);
  });

  test('a process that ends gives the lock back', async () => {
    const child = contender('hold');
    await firstLine(child);
    child.stdin?.end();
    await once(child, 'exit');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('several that take it again and again never hold it together', async () => {
    const racers = Array.from({ length: 4 }, () => contender('race'));
    const tallies = await Promise.all(racers.map(firstLine));
    for (const tally of tallies) expect(tally).toMatchObject({ violations: 0, failures: [] });
    const total = tallies.reduce<number>((sum, tally) => sum + Number(Reflect.get(Object(tally), 'held')), 0);
    expect(total).toBeGreaterThan(0);
    expect(readdirSync(directory)).toEqual([]);
  });
});
