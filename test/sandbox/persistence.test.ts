import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPersistentSandbox, type Sandbox } from '../../src/sandbox/index.ts';

let directory = '';
const file = () => join(directory, 'sandbox', 'state.json');
const open = (now = () => Date.UTC(2026, 10, 1)) => openPersistentSandbox(join(directory, 'sandbox'), { now });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sandbox-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function send(sandbox: Sandbox, method: string, path: string, body?: string, key?: string) {
  const headers = {
    authorization: `Bearer ${sandbox.parent().token}`,
    ...(key !== undefined && { 'idempotency-key': key }),
  };
  return sandbox.handle({ method, path, headers, ...(body !== undefined && { body }) });
}

describe('a persistent sandbox', () => {
  it('continues where it stopped, replay memory and clock included', () => {
    const first = open();
    const made = send(first, 'POST', '/v1/organizations', '{"name":"a"}', 'k');
    first.clock.advance(3_600_000);
    const second = open();
    expect(second.parent()).toEqual(first.parent());
    expect(second.clock.now()).toBe(first.clock.now());
    expect(send(second, 'POST', '/v1/organizations', '{"name":"a"}', 'k')).toMatchObject({
      body: made.kind === 'response' ? made.body : 'no answer',
    });
    expect(second.snapshot().organizations).toHaveLength(2);
    expect(second.snapshot().operations).toEqual(first.snapshot().operations);
  });

  it('writes nothing for reads, refusals, replays and no-ops, and never touches a byte of the file', () => {
    const sandbox = open();
    send(sandbox, 'POST', '/v1/organizations', '{"name":"a"}', 'k');
    const before = { text: readFileSync(file(), 'utf8'), modified: statSync(file()).mtimeMs };
    send(sandbox, 'GET', '/v1/whoami');
    send(sandbox, 'GET', '/v1/organizations?limit=200');
    send(sandbox, 'POST', '/v1/organizations', '{}');
    send(sandbox, 'POST', '/v1/organizations', '{"name":"a"}', 'k');
    const organization = sandbox.snapshot().organizations.at(-1);
    send(sandbox, 'POST', `/v1/organizations/${organization?.id}/resume`);
    send(sandbox, 'PATCH', `/v1/organizations/${organization?.id}`, '{"name":"a"}');
    expect({ text: readFileSync(file(), 'utf8'), modified: statSync(file()).mtimeMs }).toEqual(before);
    expect(readdirSync(join(directory, 'sandbox'))).toEqual(['state.json']);
  });

  it('does not change the file by being opened and read again', () => {
    send(open(), 'POST', '/v1/organizations', '{"name":"a"}');
    const before = readFileSync(file(), 'utf8');
    send(open(), 'GET', '/v1/organizations');
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });

  it('keeps the file and the directory to their owner', () => {
    open();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'sandbox')).mode & 0o777).toBe(0o700);
  });

  const damages = [
    { reason: 'cut off in the middle', damage: (text: string) => text.slice(0, text.length / 2) },
    { reason: 'empty', damage: () => '' },
    { reason: 'JSON of something else', damage: () => '{"format":"other"}' },
    { reason: 'missing a table', damage: (text: string) => text.replace('"wallets"', '"purses"') },
    { reason: 'holding a row without an id', damage: (text: string) => text.replace('"id":', '"key":') },
  ];
  it.each(damages)('says what to do about a file that is $reason, and leaves it alone', ({ damage }) => {
    open();
    const damaged = damage(readFileSync(file(), 'utf8'));
    writeFileSync(file(), damaged);
    expect(() => open()).toThrow(/state\.json is not a sandbox state.*Delete the file/);
    expect(readFileSync(file(), 'utf8')).toBe(damaged);
  });

  it('refuses to overwrite what another sandbox wrote, and tries again with the next request', () => {
    const one = open();
    const two = open(() => Date.UTC(2026, 10, 2));
    send(two, 'POST', '/v1/organizations', '{"name":"two"}');
    expect(() => send(one, 'POST', '/v1/organizations', '{"name":"one"}')).toThrow(/another process/);
    expect(() => send(one, 'GET', '/v1/whoami')).toThrow(/another process/);
    expect(
      open()
        .snapshot()
        .organizations.map(({ name }) => name),
    ).toEqual(['Sandbox Partner', 'two']);
  });
});
