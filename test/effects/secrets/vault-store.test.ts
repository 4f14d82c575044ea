import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { WireAnswer } from '../../../src/effects/layers/transport.ts';
import { formsOf } from '../../../src/effects/layers/wording.ts';
import { nodeFileSystem } from '../../../src/effects/node-filesystem.ts';
import { createVaultSecretStore } from '../../../src/effects/secrets/vault-store.ts';
import { type VaultSettings, vaultConnection } from '../../../src/effects/vault/connection.ts';
import { createVaultKv } from '../../../src/effects/vault/kv.ts';
import { createVaultSession } from '../../../src/effects/vault/session.ts';
import { createVaultWire, type VaultRequest } from '../../../src/effects/vault/wire.ts';
import { type FakeVault, startFakeVault, TOKEN, type VaultFault } from '../../support/fake-vault.ts';
import { describeSecretStore, expectStruckPutToLoseNothing, first, plain, second, shown, slot } from './contract.ts';

const ENTRY = 'layers/org_parent/customers/acme-coffee/acme-integration';

async function aVault(): Promise<FakeVault> {
  const vault = await startFakeVault();
  onTestFinished(() => vault.close());
  return vault;
}

interface Surroundings {
  readonly environment?: Record<string, string>;
  readonly now?: () => number;
  /** Stands between the store and its wire. */
  readonly besides?: (request: VaultRequest, send: () => Promise<WireAnswer>) => Promise<WireAnswer>;
}

let made = 0;

function storeIn(
  { address }: Pick<FakeVault, 'address'>,
  settings: Partial<VaultSettings> = {},
  { environment = { VAULT_TOKEN: TOKEN }, now = () => 0, besides = (_, send) => send() }: Surroundings = {},
) {
  const session = createVaultSession({
    connect: () => vaultConnection({ address, ...settings }, { environment, fileSystem: nodeFileSystem }),
    openWire: (connection) => {
      const wire = createVaultWire(connection);
      return { send: (request) => besides(request, () => wire.send(request)) };
    },
    clock: { now },
  });
  const kv = createVaultKv({ session, mount: 'secret', path: 'layers' });
  return createVaultSecretStore({ kv, place: 'secret/layers', chance: { uuid: () => `fresh-${made++}` } });
}

function temporaryFile(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'file'), text, { mode: 0o600 });
  return join(directory, 'file');
}

describeSecretStore('Vault', async () => {
  const vault = await aVault();
  return () => storeIn(vault);
});

describe('an entry', () => {
  test('is flat, so that every tool can take the secret out of it, and says whose it is', async () => {
    const vault = await aVault();
    await storeIn(vault).put(slot, first);
    await storeIn(vault).put(slot, second);
    expect(vault.entries.get(ENTRY)).toEqual({
      version: 2,
      data: {
        slot: ENTRY.slice('layers/'.length),
        secret: second.secret.reveal(),
        id: second.id,
        prefix: second.prefix,
        createdAt: second.createdAt,
        previousSecret: first.secret.reveal(),
        previousId: first.id,
        previousPrefix: first.prefix,
        previousCreatedAt: first.createdAt,
      },
    });
  });

  test('of somebody else is never written', async () => {
    const vault = await aVault();
    vault.entries.set(ENTRY, { data: { password: 'hunter22' }, version: 3 });
    const store = storeIn(vault);
    for (const result of [await store.probe(slot), await store.put(slot, first), await store.read(slot)]) {
      expect(result).toMatchObject({ ok: false, message: expect.stringContaining('belongs to something else') });
      expect(JSON.stringify(result)).not.toContain('hunter22');
    }
    expect(vault.entries.get(ENTRY)?.version).toBe(3);
  });

  test('whose latest version somebody deleted is empty, and is written over', async () => {
    const vault = await aVault();
    vault.entries.set(ENTRY, { data: null, version: 3 });
    expect(await storeIn(vault).read(slot)).toEqual({ ok: true, value: null });
    expect(await storeIn(vault).put(slot, first)).toMatchObject({ ok: true });
    expect(vault.entries.get(ENTRY)?.version).toBe(4);
  });

  test('is asked for by its own path alone; what is deleted are probes, and a secret is in no URL', async () => {
    const vault = await aVault();
    const store = storeIn(vault);
    await store.probe(slot);
    await store.put(slot, first);
    await store.put(slot, second);
    await store.removePrevious(slot);
    const lines = vault.calls.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(lines)).toEqual(
      new Set([
        `GET /v1/secret/data/${ENTRY}`,
        `POST /v1/secret/data/${ENTRY}`,
        'GET /v1/sys/internal/ui/mounts/secret',
        `GET /v1/secret/data/${ENTRY}/probe`,
        `POST /v1/secret/data/${ENTRY}/probe`,
        `DELETE /v1/secret/metadata/${ENTRY}/probe`,
      ]),
    );
    for (const { secret } of [first, second])
      for (const form of formsOf(secret.reveal())) expect(lines.join('\n')).not.toContain(form);
    vault.calls.splice(0);
    await store.put(slot, second);
    await store.settle(slot);
    await store.removePrevious(slot);
    expect(new Set(vault.calls.map(({ method }) => method))).toEqual(new Set(['GET']));
  });
});

describe('a proof that nothing is minted into the void', () => {
  const denied = { status: 403, errors: ['1 error occurred:\n\t* permission denied\n\n'] };

  test.each<{ reason: string; on: string; fault: VaultFault; says: string }>([
    { reason: 'is sealed', on: 'GET', fault: { status: 503, errors: ['Vault is sealed'] }, says: 'is sealed' },
    { reason: 'is away', on: 'GET', fault: 'lost-request', says: 'cannot be read' },
    { reason: 'lets nobody read', on: 'GET', fault: denied, says: 'permission denied' },
    { reason: 'lets nobody write', on: 'POST', fault: denied, says: 'path "secret/data/layers/*" { capabilities' },
    { reason: 'lets nobody delete', on: 'DELETE', fault: denied, says: '/+/customers/+/+/probe" { capabilities' },
    { reason: 'loses the answer to a write', on: 'POST', fault: 'lost-answer', says: 'probe' },
    {
      reason: 'has no such engine',
      on: 'GET',
      fault: { status: 404, errors: ['no handler for route "secret/data/x". route entry not found.'] },
      says: 'no secrets engine where secrets.mount says',
    },
    {
      reason: 'is a standby that sends on',
      on: 'GET',
      fault: { status: 307, errors: [], headers: { location: 'http://127.0.0.1:1/' } },
      says: 'redirect (307), which is not followed',
    },
  ])('fails where Vault $reason', async ({ on, fault, says }) => {
    const vault = await aVault();
    vault.fault = ({ method, path }) => (method === on && path.startsWith('/v1/secret/') ? fault : null);
    expect(await storeIn(vault).probe(slot)).toMatchObject({ ok: false, message: expect.stringContaining(says) });
    expect(vault.entries.has(ENTRY)).toBe(false);
  });

  test('fails on an engine of version 1, which compares nothing', async () => {
    const vault = await aVault();
    vault.version = 1;
    const says = { ok: false, message: expect.stringContaining('secret is KV version 1') };
    expect(await storeIn(vault).probe(slot)).toMatchObject(says);
    // Where nobody tells the version, the answer to the write does.
    vault.fault = ({ path }) => (path.includes('/sys/') ? { status: 403, errors: [] } : null);
    expect(await storeIn(vault).probe(slot)).toMatchObject({
      ok: false,
      message: expect.stringContaining('does not answer as a KV v2 engine does'),
    });
  });

  test('fails on an engine that deletes by itself', async () => {
    const vault = await aVault();
    vault.deleteVersionAfter = '2026-12-01T00:00:00Z';
    expect(await storeIn(vault).probe(slot)).toMatchObject({
      ok: false,
      message: expect.stringContaining('delete_version_after'),
    });
  });

  test('tells a token that nobody knows from one that lacks a permission', async () => {
    const vault = await aVault();
    const store = storeIn(vault, {}, { environment: { VAULT_TOKEN: 'hvs.SomebodyElsesToken0123456789' } });
    const result = await store.probe(slot);
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining('wrong, revoked or has expired') });
    expect(JSON.stringify(result)).not.toContain('SomebodyElses');
  });
});

describe('who we are', () => {
  test('is said by a token in a file, read again when it changes', async () => {
    const vault = await aVault();
    const path = temporaryFile(`${TOKEN}\n`);
    const store = storeIn(vault, {}, { environment: { VAULT_TOKEN_FILE: path, VAULT_TOKEN: 'ignored' } });
    expect(await store.put(slot, first)).toMatchObject({ ok: true });
    vault.tokens.clear();
    vault.tokens.add('hvs.TheNextToken0123456789abcdef');
    expect(await store.read(slot)).toMatchObject({ ok: false });
    writeFileSync(path, 'hvs.TheNextToken0123456789abcdef\n');
    expect(shown(await store.read(slot))).toEqual(plain(first));
  });

  test.each([
    { auth: { method: 'kubernetes', role: 'layers' } as const, says: { role: 'layers', jwt: 'ey.of.a-pod' } },
    {
      auth: { method: 'approle', role: 'role-id', mount: 'teams/approle' } as const,
      says: { role_id: 'role-id', secret_id: 'id-of-a-secret' },
    },
  ])('is said by a login with $auth.method, once for the life of its token', async ({ auth, says }) => {
    const vault = await aVault();
    vault.leaseSeconds = 100;
    let nowMs = 0;
    const tokenFile = temporaryFile('ey.of.a-pod\n');
    const environment = { VAULT_SECRET_ID: 'id-of-a-secret' };
    const store = storeIn(vault, { auth: { ...auth, tokenFile } }, { environment, now: () => nowMs });
    // The fake knows logins at one level alone.
    if (auth.method === 'approle')
      vault.fault = ({ path }) => (path.includes('teams/') ? { status: 404, errors: ['no handler for route'] } : null);
    const put = await store.put(slot, first);
    if (auth.method === 'approle') {
      expect(put).toMatchObject({
        ok: false,
        message: expect.stringContaining('logging in at auth/teams/approle failed'),
      });
      expect(JSON.stringify(put)).not.toContain('id-of-a-secret');
      return;
    }
    expect(put).toMatchObject({ ok: true });
    expect(vault.logins).toEqual([{ path: `/v1/auth/${auth.method}/login`, ...says }]);
    nowMs = 90_000;
    expect(shown(await store.read(slot))).toEqual(plain(first));
    expect(vault.logins).toHaveLength(2);
    vault.tokens.clear();
    expect(shown(await store.read(slot))).toEqual(plain(first));
    expect(vault.logins).toHaveLength(3);
  });

  test('is said by an AppRole with a secret id from the environment', async () => {
    const vault = await aVault();
    const environment = { VAULT_SECRET_ID_FILE: temporaryFile('id-of-a-secret\n') };
    const store = storeIn(vault, { auth: { method: 'approle', role: 'role-id' } }, { environment });
    expect(await store.probe(slot)).toMatchObject({ ok: true });
    expect(vault.logins).toEqual([{ path: '/v1/auth/approle/login', role_id: 'role-id', secret_id: 'id-of-a-secret' }]);
  });

  test.each([
    { reason: 'no token', settings: {}, says: 'set VAULT_TOKEN, or VAULT_TOKEN_FILE' },
    {
      reason: 'no CA',
      settings: { caFile: '/no/such/ca.pem' },
      says: 'secrets.caFile: /no/such/ca.pem cannot be read',
    },
    {
      reason: 'no token of a service account',
      settings: { auth: { method: 'kubernetes', role: 'x', tokenFile: '/no/such/token' } as const },
      says: '/no/such/token cannot be read',
    },
  ])('is nobody where there is $reason, and it is said what to do', async ({ settings, says }) => {
    const vault = await aVault();
    expect(await storeIn(vault, settings, { environment: {} }).probe(slot)).toMatchObject({
      ok: false,
      message: expect.stringContaining(says),
    });
    expect(vault.calls).toEqual([]);
  });

  test('goes with the namespace that was asked for, and with proof against forged requests', async () => {
    const vault = await aVault();
    await storeIn(vault, { namespace: 'admin/team/' }).read(slot);
    expect(vault.calls[0]?.headers).toMatchObject({ 'x-vault-namespace': 'admin/team', 'x-vault-request': 'true' });
  });
});

describe('faults', () => {
  const kinds: readonly VaultFault[] = [
    'lost-request',
    'lost-answer',
    { status: 500, errors: ['internal error'] },
    { status: 503, errors: ['Vault is sealed'] },
    { status: 400, errors: ['check-and-set parameter did not match the current version'] },
  ];
  const points = [0, 1, 2, 3].flatMap((point) => kinds.map((fault) => ({ point, fault })));

  test.each(points)(
    'at request $point of a put ($fault) neither mix secrets up nor lose one',
    async ({ point, fault }) => {
      const vault = await aVault();
      let seen = 0;
      await expectStruckPutToLoseNothing(() => storeIn(vault), {
        strike: () => {
          vault.fault = () => (seen++ === point ? fault : null);
        },
        mend: () => {
          vault.fault = () => null;
        },
      });
    },
  );

  test('of a write whose answer is lost are settled by the read after it', async () => {
    const vault = await aVault();
    vault.fault = ({ method }) => (method === 'POST' ? 'lost-answer' : null);
    expect(await storeIn(vault).put(slot, first)).toMatchObject({ ok: true });
    expect(vault.entries.get(ENTRY)?.version).toBe(1);
  });

  test('in words never repeat a secret, even where a server does', async () => {
    const vault = await aVault();
    await storeIn(vault).put(slot, first);
    for (const form of [first, second].flatMap(({ secret }) => formsOf(secret.reveal()))) {
      vault.fault = ({ method }) => (method === 'POST' ? { status: 400, errors: [`bad value ${form}`] } : null);
      const result = await storeIn(vault).put(slot, second);
      expect(result).toMatchObject({ ok: false, message: expect.stringContaining('[secret]') });
      expect(JSON.stringify(result)).not.toContain(form);
    }
  });
});

describe('two writers', () => {
  test.each([
    { reason: 'before ours', when: 'before', current: second, previous: first },
    { reason: 'after ours, before we look', when: 'after', current: first, previous: second },
  ] as const)('lose neither secret where the other one writes $reason', async ({ when, current, previous }) => {
    const vault = await aVault();
    let isFirst = true;
    const besides = async (request: VaultRequest, send: () => Promise<WireAnswer>) => {
      if (request.method !== 'POST' || !isFirst) return send();
      isFirst = false;
      if (when === 'before') await storeIn(vault).put(slot, first);
      const answer = await send();
      if (when === 'after') await storeIn(vault).put(slot, first);
      return answer;
    };
    const store = storeIn(vault, {}, { besides });
    expect(await store.put(slot, second)).toMatchObject({ ok: true });
    expect(shown(await store.read(slot))).toEqual(plain(current));
    expect(shown(await store.readPrevious(slot))).toEqual(plain(previous));
  });

  test('at the very same time keep both, whoever is first', async () => {
    const vault = await aVault();
    const put = await Promise.all([first, second].map((stored) => storeIn(vault).put(slot, stored)));
    expect(put).toMatchObject([{ ok: true }, { ok: true }]);
    const held = [shown(await storeIn(vault).read(slot)), shown(await storeIn(vault).readPrevious(slot))];
    expect(held).toContainEqual(plain(first));
    expect(held).toContainEqual(plain(second));
  });
});
