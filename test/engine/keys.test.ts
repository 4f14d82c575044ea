import { describe, expect, it } from 'vitest';
import type { Transport } from '../../src/effects/layers/transport.ts';
import type { SandboxBehaviour } from '../../src/sandbox/behaviour.ts';
import { createWorld, WORKSPACE, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const CUSTOMER = 'externalId: acme\nname: Acme\ncap: 100\nkeys:\n';
const KEY = '  - { name: main, scopes: [content:read] }\n';

/** Writes the file anew and keeps its recorded status, as an editor does. */
function redeclare(world: World, keys: string): void {
  const text = world.disk.textOf(`${WORKSPACE}/customers/acme.yaml`) ?? '';
  const status = text.includes('\nstatus:') ? text.slice(text.indexOf('\nstatus:') + 1) : '';
  world.declare('acme.yaml', CUSTOMER + keys + status);
}

async function onboarded(keys = KEY, options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = createWorld(options);
  redeclare(world, keys);
  await settledPass(world);
  return world;
}

/** A server whose clock is behind ours, as its answers tell. */
const behind =
  (ms: number) =>
  (inner: Transport): Transport => ({
    async send(request) {
      const answer = await inner.send(request);
      if (answer.kind !== 'response') return answer;
      const date = new Date(Date.parse(answer.headers['date'] ?? '') - ms).toUTCString();
      return { ...answer, headers: { ...answer.headers, date } };
    },
  });

async function settledPass(world: World) {
  const report = await world.pass();
  const before = world.disk.files();
  const operations = world.sandbox.snapshot().operations.length;
  const again = await world.pass();
  expect(again.planHash).toBeNull();
  expect(world.sandbox.snapshot().operations).toHaveLength(operations);
  expect(world.disk.files()).toEqual(before);
  return report;
}

const keysOf = (world: World) => {
  const { apiKeys, parentApiKeyId } = world.sandbox.snapshot();
  return apiKeys.filter(({ id }) => id !== parentApiKeyId);
};
const fileOf = (world: World, name: string) =>
  world.disk.textOf(`${WORKSPACE}/.reconcile/secrets/${world.sandbox.parent().organizationId}/customers/acme/${name}`);
const works = (world: World, secret: string | null | undefined) => {
  const answer = world.sandbox.handle({
    method: 'GET',
    path: '/v1/whoami',
    headers: { authorization: `Bearer ${secret ?? ''}` },
  });
  return answer.kind === 'response' && answer.status === 200;
};
const actions = (report: Awaited<ReturnType<World['pass']>>) =>
  report.customers[0]?.steps.map(({ action, name, outcome }) => `${action} ${name} ${outcome}`);
const codes = (report: Awaited<ReturnType<World['pass']>>) => report.customers[0]?.problems.map(({ code }) => code);

describe('the journal', () => {
  it('tells every write twice, before it and with its answer, and of a key all but the secret (I4)', async () => {
    const world = await onboarded();
    const [key] = keysOf(world);
    const lines = (world.disk.textOf(`${WORKSPACE}/.reconcile/journal.jsonl`) ?? '').trimEnd().split('\n');
    const entries = lines.map((line): Record<string, unknown> => JSON.parse(line));
    const STEPS = ['create-organization', 'change-limits', 'mint-key'];
    expect(entries.map(({ event, step }) => [step, event])).toEqual(
      STEPS.flatMap((step) => [
        [step, 'intent'],
        [step, 'answer'],
      ]),
    );
    expect(entries.at(-1)).toMatchObject({ outcome: 'ok', keyId: key?.id, prefix: key?.prefix });
    expect(lines.join()).not.toContain(key?.secret);
  });
});

describe('the life of a key', () => {
  it('createdAfter rotates it: both secrets work for 24 hours and both are kept, then the old one is forgotten', async () => {
    const world = await onboarded();
    const old = fileOf(world, 'main');
    world.sandbox.clock.advance(48 * HOUR_MS);
    const asked = new Date(world.clock.now() - HOUR_MS).toISOString();
    redeclare(world, KEY.replace('] }', `], createdAfter: ${asked} }`));
    const report = await settledPass(world);
    expect(actions(report)).toEqual(['rotate main done']);
    expect(report.customers[0]?.phase).toBe('Ready');
    expect([fileOf(world, 'main.previous'), works(world, old), works(world, fileOf(world, 'main'))]).toEqual([
      old,
      true,
      true,
    ]);
    world.sandbox.clock.advance(25 * HOUR_MS);
    await world.pass({ full: true });
    expect([fileOf(world, 'main.previous'), works(world, old), works(world, fileOf(world, 'main'))]).toEqual([
      null,
      false,
      true,
    ]);
  });

  it('createdAfter that the server’s clock has yet to pass is waited for: the key is replaced once (V2)', async () => {
    const world = await onboarded();
    world.sandbox.clock.advance(48 * HOUR_MS + 300);
    const asked = new Date(world.clock.now()).toISOString();
    redeclare(world, KEY.replace('] }', `], createdAfter: ${asked} }`));
    const report = await settledPass(world);
    expect([actions(report), report.customers[0]?.phase]).toEqual([['rotate main done'], 'Ready']);
    world.sandbox.clock.advance(25 * HOUR_MS);
    expect(actions(await settledPass(world))).toEqual([]);
  });

  it('createdAfter by a clock that is far ahead of the server’s makes no key before that time has come', async () => {
    const behindMs = 60_000;
    const world = await onboarded(KEY, { transport: behind(behindMs) });
    world.sandbox.clock.advance(48 * HOUR_MS);
    redeclare(world, KEY.replace('] }', `], createdAfter: ${new Date(world.clock.now() - 30_000).toISOString()} }`));
    const report = await world.pass();
    expect([report.customers[0]?.phase, codes(report)]).toEqual(['Held', ['CreatedAfterAhead']]);
    expect(keysOf(world)).toHaveLength(1);
    world.sandbox.clock.advance(behindMs);
    expect(actions(await settledPass(world))).toEqual(['rotate main done']);
  });

  it('changed scopes make a new key at once and revoke the old one 24 hours later', async () => {
    const world = await onboarded();
    const old = fileOf(world, 'main');
    redeclare(world, KEY.replace('content:read', 'content:write'));
    expect(actions(await settledPass(world))).toEqual(['mint main done']);
    expect(works(world, old)).toBe(true);
    const waiting = await world.pass();
    expect([waiting.customers[0]?.phase, codes(waiting)]).toEqual(['Held', ['KeyOverlap']]);
    world.sandbox.clock.advance(24 * HOUR_MS);
    expect(actions(await settledPass(world))).toEqual(['revoke main done']);
    expect([works(world, old), works(world, fileOf(world, 'main'))]).toEqual([false, true]);
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Ready', readInFull: false });
  });

  it('added is minted, removed from the file is left alone and reported', async () => {
    const world = await onboarded();
    redeclare(world, `${KEY}  - { name: second, scopes: [content:read] }\n`);
    expect(actions(await settledPass(world))).toEqual(['mint second done']);
    redeclare(world, KEY);
    const report = await settledPass(world);
    expect([actions(report), codes(report)]).toEqual([[], ['UndeclaredKey']]);
    expect(works(world, fileOf(world, 'second'))).toBe(true);
  });

  it('declared revoked is revoked also when the answer is an empty one', async () => {
    const silent = (inner: Transport): Transport => ({
      async send(request) {
        const answer = await inner.send(request);
        if (request.method !== 'DELETE' || answer.kind !== 'response') return answer;
        return { ...answer, status: 204, headers: {}, body: '' };
      },
    });
    const world = await onboarded(KEY, { transport: silent });
    redeclare(world, KEY.replace('] }', '], state: revoked }'));
    const report = await settledPass(world);
    expect([actions(report), report.customers[0]?.phase]).toEqual([['revoke main done'], 'Ready']);
  });

  it('declared revoked is revoked, and active again is minted only with createdAfter', async () => {
    const world = await onboarded();
    redeclare(world, KEY.replace('] }', '], state: revoked }'));
    expect(actions(await settledPass(world))).toEqual(['revoke main done']);
    redeclare(world, KEY);
    expect(codes(await world.pass())).toEqual(['KeyRevoked']);
    world.sandbox.clock.advance(2 * HOUR_MS);
    redeclare(world, KEY.replace('] }', `], createdAfter: ${new Date(world.clock.now() - HOUR_MS).toISOString()} }`));
    expect(actions(await settledPass(world))).toEqual(['mint main done']);
    expect(keysOf(world)).toHaveLength(2);
  });

  it('made by hand under the same name is a duplicate: nothing is minted or revoked', async () => {
    const world = await onboarded();
    const organizationId = keysOf(world)[0]?.organizationId ?? '';
    world.sandbox.hands.mintKey(organizationId, { name: 'main', scopes: ['content:read'], env: 'live' });
    const report = await world.pass({ full: true });
    expect([actions(report), codes(report)]).toEqual([[], ['DuplicateKey']]);
  });

  it('whose secret is lost needs a person, who raises createdAfter', async () => {
    const world = await onboarded();
    const root = `${WORKSPACE}/.reconcile/secrets/${world.sandbox.parent().organizationId}/customers/acme`;
    for (const name of ['main', 'main.json']) world.disk.unlink(`${root}/${name}`);
    const report = await world.pass();
    expect([actions(report), codes(report)]).toEqual([[], ['SecretMissing']]);
    world.sandbox.clock.advance(2 * HOUR_MS);
    redeclare(world, KEY.replace('] }', `], createdAfter: ${new Date(world.clock.now() - HOUR_MS).toISOString()} }`));
    expect(actions(await settledPass(world))).toEqual(['rotate main done']);
    expect(works(world, fileOf(world, 'main'))).toBe(true);
  });
});

describe('a scope that the parent’s key does not hold', () => {
  async function passWith(behaviour: Partial<SandboxBehaviour>) {
    const world = createWorld({ behaviour });
    redeclare(world, `${KEY}  - { name: admin, scopes: [content:read, billing:write] }\n`);
    const { apiKeyId } = world.sandbox.parent();
    const state = world.sandbox.snapshot();
    const apiKeys = state.apiKeys.map((key) =>
      key.id === apiKeyId ? { ...key, scopes: ['org:admin', 'content:*'] } : key,
    );
    world.sandbox.restore({ ...state, apiKeys });
    return world.pass();
  }

  it('is reported before any call, with its place, and everything else goes on', async () => {
    const report = await passWith({});
    expect(actions(report)).toEqual(['create null done', 'change cap done', 'mint main done']);
    expect(report.customers[0]?.problems).toMatchObject([{ code: 'ScopeNotHeld', at: { line: 6, column: 43 } }]);
  });

  it('is the API’s answer, with the same place, where whoami shows no scopes', async () => {
    const report = await passWith({ whoamiListsScopes: false });
    expect(actions(report)).toEqual(['create null done', 'change cap done', 'mint main done', 'mint admin failed']);
    expect(report.customers[0]?.problems).toMatchObject([{ code: 'ForbiddenScope', at: { line: 6, column: 43 } }]);
  });
});

describe('an entry that is declared revoked', () => {
  it('and whose key never existed, or is dead already, plans nothing', async () => {
    const world = await onboarded(`${KEY}  - { name: never, scopes: [content:read], state: revoked }\n`);
    expect(keysOf(world)).toHaveLength(1);
    for (const { id } of keysOf(world)) world.sandbox.hands.revokeKey(id);
    redeclare(world, KEY.replace('] }', '], state: revoked }'));
    expect(actions(await settledPass(world))).toEqual([]);
  });
});

describe('a key made by hand within the replay window', () => {
  it('cannot be told from one of ours: its request makes another, and both are named', async () => {
    const world = await onboarded();
    const organizationId = keysOf(world)[0]?.organizationId ?? '';
    world.sandbox.hands.mintKey(organizationId, { name: 'hand', scopes: ['content:read'], env: 'live' });
    redeclare(world, `${KEY}  - { name: hand, scopes: [content:read] }\n`);
    const report = await world.pass();
    expect([actions(report), codes(report)]).toEqual([['mint hand done'], ['ReplayWindowClosed']]);
    expect(codes(await world.pass())).toEqual(['DuplicateKey']);
    const byHand = keysOf(world).find(({ name, secret }) => name === 'hand' && secret !== fileOf(world, 'hand'));
    world.sandbox.hands.revokeKey(byHand?.id ?? '');
    expect(actions(await settledPass(world))).toEqual([]);
    expect(works(world, fileOf(world, 'hand'))).toBe(true);
  });
});
