import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exposures, type MutableEnvironment, readCredentials, takeApiKey } from '../../src/cli/credentials.ts';
import { Secret } from '../../src/core/secret.ts';
import { nodeFileSystem } from '../../src/effects/node-filesystem.ts';
import { workspace } from './support/workspace.ts';

const keyOf = (digit: string) => `lp_live_ABCDEFGHJKMNPQRS_${digit.repeat(43)}`;

function read(environment: MutableEnvironment) {
  return readCredentials(environment, takeApiKey(environment), nodeFileSystem);
}

function good(environment: MutableEnvironment) {
  const result = read(environment);
  if (!result.ok) throw new Error(result.message);
  return result.credentials;
}

function keyFile(text: string, mode = 0o600): string {
  const path = join(workspace({ key: text }), 'key');
  chmodSync(path, mode);
  return path;
}

const holds = (secret: Secret, digit: string) => secret.equals(new Secret(keyOf(digit)));

describe('the API key', () => {
  it('is taken out of the environment before anything else can see it', () => {
    const environment: MutableEnvironment = { LAYERS_API_KEY: ` ${keyOf('a')}\n` };
    const { token, baseUrl } = good(environment);
    expect(environment).toEqual({});
    expect(holds(token(), 'a')).toBe(true);
    expect(baseUrl).toBe('https://api.layers.com');
  });

  it('comes from the file when both are given', () => {
    const { token, warnings } = good({ LAYERS_API_KEY: keyOf('a'), LAYERS_API_KEY_FILE: keyFile(`${keyOf('b')}\n`) });
    expect(holds(token(), 'b')).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('is read again when the file changes, and kept while the file is broken', () => {
    const path = keyFile(keyOf('a'));
    const { token } = good({ LAYERS_API_KEY_FILE: path });
    writeFileSync(path, 'half a ke');
    expect(holds(token(), 'a')).toBe(true);
    writeFileSync(path, keyOf('b'));
    expect(holds(token(), 'b')).toBe(true);
  });

  it('in a file that everybody can read is warned about', () => {
    expect(good({ LAYERS_API_KEY_FILE: keyFile(keyOf('a'), 0o644) }).warnings).toEqual([
      expect.stringContaining('chmod 600'),
    ]);
  });

  it.each([
    ['none at all', {}, 'There is no API key.'],
    ['an empty one', { LAYERS_API_KEY: ' ' }, 'There is no API key.'],
    ['a text of another shape', { LAYERS_API_KEY: 'sk-topsecret' }, 'LAYERS_API_KEY does not hold an API key'],
    ['one with a line break inside', { LAYERS_API_KEY: `${keyOf('a')}\nx` }, 'does not hold an API key'],
    ['a missing file', { LAYERS_API_KEY_FILE: '/nowhere/key' }, 'no such file or directory'],
    ['a directory', { LAYERS_API_KEY_FILE: '/' }, 'not a regular file'],
    ['a broken address', { LAYERS_BASE_URL: 'http://api.layers.com' }, 'LAYERS_BASE_URL: '],
  ])('%s is refused with what to do', (_reason, environment, message) => {
    const result = read({ ...environment });
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining(message) });
    expect(JSON.stringify(result)).not.toContain('topsecret');
  });

  it('is not looked for in a file of another kind', () => {
    const result = read({ LAYERS_API_KEY_FILE: keyFile(`topsecret${'x'.repeat(5000)}`) });
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain('topsecret');
  });
});

describe('a process that others may look into', () => {
  it.each([
    { reason: 'an inspector', environment: {}, execArgv: ['--inspect=0.0.0.0:9229'], says: /--inspect lets/ },
    {
      reason: 'an inspector from outside',
      environment: { NODE_OPTIONS: '-r x --inspect-brk' },
      says: /--inspect lets/,
    },
    { reason: 'a debug log', environment: { NODE_DEBUG: 'http' }, says: /NODE_DEBUG prints/ },
    { reason: 'no check of certificates', environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, says: /not to check/ },
  ])('is warned of when it is started with $reason (I4)', ({ environment, execArgv = [], says }) => {
    expect(exposures(environment, execArgv)).toEqual([expect.stringMatching(says)]);
  });

  it('is not suspected for other options', () => {
    const environment = { NODE_OPTIONS: '--max-old-space-size=512', NODE_TLS_REJECT_UNAUTHORIZED: '1' };
    expect(exposures(environment, ['--enable-source-maps'])).toEqual([]);
  });
});
