import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { systemChance } from '../../src/effects/chance.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { nodeFileSystem } from '../../src/effects/node-filesystem.ts';
import { createVaultSecretStore } from '../../src/effects/secrets/vault-store.ts';
import { type VaultSettings, vaultConnection } from '../../src/effects/vault/connection.ts';
import { createVaultKv } from '../../src/effects/vault/kv.ts';
import { createVaultSession } from '../../src/effects/vault/session.ts';
import { createVaultWire } from '../../src/effects/vault/wire.ts';
import { describeSecretStore, first, plain, second, shown, slot } from '../effects/secrets/contract.ts';
import { startVaultServer, type VaultServer } from '../real/vault-server.ts';

/** The policy that docs/secrets-and-status.md asks for, for an engine at `kv`. */
const POLICY = `
path "kv/data/layers/*" { capabilities = ["create", "read", "update"] }
path "kv/metadata/layers/+/customers/+/+/probe" { capabilities = ["delete"] }
path "kv/metadata/layers/+/webhooks/+/probe" { capabilities = ["delete"] }
`;

let vault: VaultServer;
let token = '';

const tokenAnswer = z.object({ auth: z.object({ client_token: z.string() }) });
const approleAnswer = z.object({ data: z.record(z.string(), z.unknown()) });

async function tokenFor(policies: readonly string[]): Promise<string> {
  const made = await vault.ask('POST', 'auth/token/create', { policies, ttl: '1h' });
  return tokenAnswer.parse(made).auth.client_token;
}

beforeAll(async () => {
  vault = await startVaultServer();
  await vault.ask('POST', 'sys/mounts/kv', { type: 'kv', options: { version: '2' } });
  await vault.ask('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } });
  await vault.ask('POST', 'sys/mounts/passing', { type: 'kv', options: { version: '2' } });
  await vault.ask('PUT', 'sys/policies/acl/layers', { policy: POLICY });
  await ready(() => vault.ask('POST', 'passing/config', { delete_version_after: '1h' }));
  await ready(() => vault.ask('GET', 'kv/config'));
  token = await tokenFor(['layers']);
});

/** An engine that was just mounted is being made ready for a moment. */
async function ready(ask: () => Promise<unknown>): Promise<void> {
  await vi.waitFor(ask, { timeout: 20_000 });
}

afterAll(() => vault.stop());

function storeIn(mount: string, path: string, environment: Record<string, string>, auth?: VaultSettings['auth']) {
  const settings = { address: vault.address, auth };
  const session = createVaultSession({
    connect: () => vaultConnection(settings, { environment, fileSystem: nodeFileSystem }),
    openWire: createVaultWire,
    clock: systemClock,
  });
  const kv = createVaultKv({ session, mount, path });
  return createVaultSecretStore({ kv, place: `${mount}/${path}`, chance: systemChance });
}

let places = 0;
const ours = (path = 'layers') => storeIn('kv', path, { VAULT_TOKEN: token });

describeSecretStore('a real Vault, by a token that may do nothing else', async () => {
  // Below the path of the policy each test has slots of its own.
  places += 1;
  const prefix = `place-${places}`;
  return () => withParent(ours(), prefix);
});

/** The same store with every slot in another parent's place. */
function withParent(store: ReturnType<typeof ours>, prefix: string): ReturnType<typeof ours> {
  const at = (one: typeof slot) => ({ ...one, parentOrganizationId: `${prefix}-${one.parentOrganizationId}` });
  return {
    probe: (one) => store.probe(at(one)),
    read: (one) => store.read(at(one)),
    put: (one, stored) => store.put(at(one), stored),
    settle: (one) => store.settle(at(one)),
    readPrevious: (one) => store.readPrevious(at(one)),
    removePrevious: (one) => store.removePrevious(at(one)),
    reference: (one) => store.reference(at(one)),
  };
}

describe('a real Vault', () => {
  test('is proved without leaving a probe, for keys and for webhooks, whatever their names are', async () => {
    const slots = [slot, { ...slot, name: 'a.b c☕/d' }, { ...slot, kind: 'webhook', externalId: null } as const];
    for (const one of slots) expect(await ours().probe(one)).toEqual({ ok: true, value: undefined });
    await expect(
      vault.ask('GET', `kv/data/layers/org_parent/customers/acme-coffee/acme-integration/probe`),
    ).rejects.toThrow('404');
  });

  test('keeps both secrets of two who write at the very same time', async () => {
    const one = { ...slot, name: 'raced' };
    const put = await Promise.all([first, second].map((stored) => ours().put(one, stored)));
    expect(put).toMatchObject([{ ok: true }, { ok: true }]);
    const held = [shown(await ours().read(one)), shown(await ours().readPrevious(one))];
    expect(held).toContainEqual(plain(first));
    expect(held).toContainEqual(plain(second));
  });

  test('whose entry was deleted by hand holds nothing, and takes the next secret', async () => {
    const one = { ...slot, name: 'deleted' };
    await ours().put(one, first);
    await vault.ask('DELETE', 'kv/data/layers/org_parent/customers/acme-coffee/deleted');
    expect(await ours().read(one)).toEqual({ ok: true, value: null });
    expect(await ours().put(one, second)).toMatchObject({ ok: true });
    expect(shown(await ours().read(one))).toEqual(plain(second));
  });

  test('says which policy is missing', async () => {
    const result = await storeIn('kv', 'layers', { VAULT_TOKEN: await tokenFor(['default']) }).probe(slot);
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining('path "kv/data/layers/*"') });
  });

  test('tells a token that it does not know from one that lacks a policy', async () => {
    const result = await storeIn('kv', 'layers', { VAULT_TOKEN: 'hvs.nobody' }).probe(slot);
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining('wrong, revoked or has expired') });
  });

  test.each([
    { mount: 'old', says: 'is KV version 1' },
    { mount: 'passing', says: 'delete_version_after' },
    { mount: 'nowhere', says: 'no secrets engine where secrets.mount says' },
  ])('is refused before anything is minted where the mount is $mount', async ({ mount, says }) => {
    const result = await storeIn(mount, 'layers', { VAULT_TOKEN: vault.token }).probe(slot);
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining(says) });
  });

  test('lets an AppRole in', async () => {
    await vault.ask('POST', 'sys/auth/approle', { type: 'approle' });
    await vault.ask('POST', 'auth/approle/role/layers', { token_policies: ['layers'] });
    const { data: role } = approleAnswer.parse(await vault.ask('GET', 'auth/approle/role/layers/role-id'));
    const { data: id } = approleAnswer.parse(await vault.ask('POST', 'auth/approle/role/layers/secret-id'));
    const environment = { VAULT_SECRET_ID: String(id['secret_id']) };
    const store = storeIn('kv', 'layers', environment, { method: 'approle', role: String(role['role_id']) });
    expect(await store.probe(slot)).toMatchObject({ ok: true });
    const wrong = storeIn('kv', 'layers', { VAULT_SECRET_ID: 'wrong-secret-id' }, { method: 'approle', role: 'x' });
    expect(await wrong.probe(slot)).toMatchObject({
      ok: false,
      message: expect.stringContaining('logging in at auth/approle failed'),
    });
  });

  test('that is sealed says so', async () => {
    await vault.ask('PUT', 'sys/seal');
    expect(await ours().probe(slot)).toMatchObject({ ok: false, message: expect.stringContaining('it is sealed') });
  });
});
