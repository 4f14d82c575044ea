import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../../src/core/api.ts';
import { REPLAY_WITHIN_MS } from '../../src/core/idempotency.ts';
import { decideKey } from '../../src/core/resources/api-key.ts';
import type { KeyFacts } from '../../src/core/resources/api-key-facts.ts';
import { OVERLAP_MS } from '../../src/core/resources/api-key-overlap.ts';
import { planKey } from '../../src/core/resources/api-key-plan.ts';
import { customer, key, notices } from '../support/declared.ts';

const NOW = Date.parse('2026-06-10T00:00:00.000Z');
const ago = (ms: number) => new Date(NOW - ms).toISOString();
const HOUR = 3_600_000;

function decide(entry: string, listed: readonly ApiKey[], facts: Partial<KeyFacts> = {}) {
  const [declared] = customer(`externalId: acme\nname: Acme\nkeys:\n  - { name: main, ${entry} }\n`).declaration.keys;
  if (!declared) throw new Error('no key was declared');
  return decideKey(
    declared,
    '/keys/0',
    { listed, recorded: null, stored: { kind: 'empty' }, previous: null, serverNowMs: NOW, ...facts },
    notices,
  );
}

const recorded = (id: string, extra: object = {}) => ({
  name: 'main',
  id,
  prefix: null,
  secret: null,
  seen: 1,
  ordinal: 0,
  replaces: null,
  ...extra,
});
const holds = (id: string) => ({ kind: 'holds', record: { id, prefix: null } }) as const;
const READ = 'scopes: [content:read]';

describe('a declared key', () => {
  it('is minted when none of its name ever was, under ordinal 0', () => {
    expect(decide(READ, [])).toMatchObject({ kind: 'mint', ordinal: 0, replaces: null });
    expect(decide(READ, [key({ name: 'Main' })])).toMatchObject({ kind: 'mint', ordinal: 0 });
  });

  it('is converged when it is live as declared and the store holds its secret', () => {
    expect(
      decide('scopes: [content:write, content:read]', [key({ scopes: ['content:read', 'content:write'] })], {
        stored: holds('key_1'),
      }),
    ).toMatchObject({ kind: 'converged' });
  });

  it('is recovered by a replay while the window is open, from the listed key (I3)', () => {
    const listed = [
      key({ id: 'key_2', createdAt: ago(HOUR) }),
      key({ id: 'key_0', status: 'revoked', createdAt: ago(90 * HOUR) }),
    ];
    expect(decide(READ, listed)).toMatchObject({
      kind: 'recover',
      key: { id: 'key_2' },
      by: { action: 'mint', ordinal: 1 },
    });
  });

  it.each([
    {
      reason: 'the recorded key is younger',
      ids: ['key_2', 'key_1'],
      facts: { recorded: recorded('key_2', { seen: 2, ordinal: 1 }) },
      scopes: 'a:b',
      ordinal: 0,
    },
    {
      reason: 'the recorded key is older, and one before it is not listed any more',
      ids: ['key_1', 'key_2'],
      facts: { recorded: recorded('key_2', { seen: 2, ordinal: 1 }) },
      scopes: 'a:b',
      ordinal: 2,
    },
    {
      reason: 'the recorded key had already seen it',
      ids: ['key_1', 'key_2'],
      facts: { recorded: recorded('key_2', { seen: 2, ordinal: 0 }) },
      scopes: 'a:b',
      ordinal: 1,
    },
  ])('is recovered under its own ordinal when $reason', ({ ids, facts, scopes, ordinal }) => {
    const listed = ids.map((id, index) =>
      key({ id, scopes: id === 'key_1' ? [scopes] : ['content:read'], createdAt: ago((index + 1) * HOUR) }),
    );
    expect(decide(`scopes: [${scopes}]`, listed, facts)).toMatchObject({
      kind: 'recover',
      key: { id: 'key_1' },
      by: { action: 'mint', ordinal },
    });
  });

  it('has its secret recovered even where a second live key needs a person (I3)', () => {
    const listed = [key({ id: 'key_2', scopes: ['a:b'], createdAt: ago(HOUR) }), key({ createdAt: ago(2 * HOUR) })];
    expect(decide(READ, listed)).toMatchObject({ kind: 'recover', key: { id: 'key_1' } });
  });

  it.each([
    { reason: 'its successor is named', rotated: { supersededBy: 'key_2', graceUntil: ago(-23 * HOUR) } },
    { reason: 'only its grace is shown', rotated: { graceUntil: ago(-23 * HOUR) } },
  ])('is recovered by repeating the rotation that made it: of the old key $reason (I3)', ({ rotated }) => {
    const listed = [
      key({ id: 'key_2', createdAt: ago(HOUR) }),
      key({ id: 'key_1', ...rotated, createdAt: ago(90 * HOUR) }),
    ];
    expect(decide(READ, listed, { stored: holds('key_1'), recorded: recorded('key_1') })).toMatchObject({
      kind: 'recover',
      by: { action: 'rotate', oldKeyId: 'key_1' },
    });
  });

  it.each([
    {
      reason: 'the window may be closed',
      createdAt: ago(REPLAY_WITHIN_MS),
      facts: {},
      next: /^To replace it, set `createdAfter`/,
    },
    {
      reason: 'status says that it was delivered, which only they may call wrong',
      createdAt: ago(HOUR),
      facts: { recorded: recorded('key_1') },
      next: /`reconcile resolve`/,
    },
  ])('without its secret needs a person when $reason', ({ createdAt, facts, next }) => {
    expect(decide(READ, [key({ createdAt })], facts)).toMatchObject({
      kind: 'refused',
      problem: { code: 'SecretMissing', next: expect.stringMatching(next) },
    });
  });

  it('is rotated when createdAfter asks for a younger one', () => {
    const listed = [key({ createdAt: ago(48 * HOUR) })];
    expect(decide(`${READ}, createdAfter: '${ago(24 * HOUR)}'`, listed, { stored: holds('key_1') })).toMatchObject({
      kind: 'rotate',
    });
    expect(decide(`${READ}, createdAfter: '${ago(72 * HOUR)}'`, listed, { stored: holds('key_1') })).toMatchObject({
      kind: 'converged',
    });
  });

  it('with other scopes or env is replaced; only a key of ours is revoked later', () => {
    const other = [key({ scopes: ['content:write'] })];
    expect(decide(READ, other, { recorded: recorded('key_1') })).toMatchObject({
      kind: 'mint',
      ordinal: 1,
      retires: 'key_1',
    });
    expect(decide(READ, other)).toMatchObject({ kind: 'mint', ordinal: 1, retires: null });
    expect(decide(READ, [key({ env: 'test' })])).toMatchObject({ kind: 'mint', ordinal: 1 });
  });

  it('keeps the replaced key for 24 hours after the new one was made, then revokes it', () => {
    const listed = (createdAt: string) => [key({ id: 'key_2', createdAt }), key({ scopes: ['content:write'] })];
    const facts = { stored: holds('key_2'), recorded: recorded('key_2', { replaces: 'key_1' }) };
    expect(decide(READ, listed(ago(OVERLAP_MS - 1)), facts)).toMatchObject({
      kind: 'refused',
      problem: { code: 'KeyOverlap', severity: 'waiting' },
    });
    expect(decide(READ, listed(ago(OVERLAP_MS)), facts)).toMatchObject({ kind: 'revoke', keys: [{ id: 'key_1' }] });
  });

  it.each([
    { reason: 'two are live as declared', listed: [key({ id: 'key_2' }), key()] },
    {
      reason: 'a second one is live and not known as replaced',
      listed: [key({ id: 'key_2' }), key({ scopes: ['a:b'] })],
    },
    {
      reason: 'two live ones are both different',
      listed: [key({ id: 'key_2', scopes: ['a:b'] }), key({ scopes: ['c:d'] })],
    },
  ])('is frozen as a duplicate when $reason', ({ listed }) => {
    expect(decide(READ, listed, { stored: holds('key_2') })).toMatchObject({
      kind: 'refused',
      problem: { code: 'DuplicateKey' },
    });
  });

  it('that was revoked by hand is minted again only when createdAfter is later (I5)', () => {
    const listed = [key({ status: 'revoked', revokedAt: ago(5 * HOUR) })];
    expect(decide(READ, listed)).toMatchObject({ kind: 'refused', problem: { code: 'KeyRevoked' } });
    expect(decide(`${READ}, createdAfter: '${ago(6 * HOUR)}'`, listed)).toMatchObject({ kind: 'refused' });
    expect(decide(`${READ}, createdAfter: '${ago(4 * HOUR)}'`, listed)).toMatchObject({ kind: 'mint', ordinal: 1 });
  });

  it('that status names and the list lacks is never minted again by itself (P7, P8)', () => {
    expect(decide(READ, [], { recorded: recorded('key_1') })).toMatchObject({
      kind: 'refused',
      problem: { code: 'KeyNotListed' },
    });
  });

  it('uses no ordinal twice even when revoked keys are not listed any more (P8)', () => {
    const listed = [key({ id: 'key_9', scopes: ['content:write'] })];
    expect(decide(READ, listed, { recorded: recorded('key_9', { seen: 3 }) })).toMatchObject({
      kind: 'mint',
      ordinal: 3,
    });
  });

  it('declared revoked is not taken for dead because a listing lacks it (P7)', () => {
    const alive = recorded('key_1', { secret: 'file:somewhere' });
    expect(decide(`${READ}, state: revoked`, [], { recorded: alive })).toMatchObject({
      kind: 'refused',
      problem: { code: 'KeyNotListed' },
    });
    expect(decide(`${READ}, state: revoked`, [], { recorded: recorded('key_1') })).toMatchObject({ kind: 'converged' });
  });

  it('declared revoked is revoked with everything of its name that is still active', () => {
    const listed = [
      key({ id: 'key_2' }),
      key({ id: 'key_1', supersededBy: 'key_2' }),
      key({ id: 'key_0', status: 'revoked' }),
    ];
    expect(decide(`${READ}, state: revoked`, listed)).toMatchObject({
      kind: 'revoke',
      keys: [{ id: 'key_2' }, { id: 'key_1' }],
    });
    expect(decide(`${READ}, state: revoked`, [key({ status: 'revoked' })])).toMatchObject({ kind: 'converged' });
  });

  it('that was revoked by hand within its overlap is not minted again because the replaced one lives on (I5)', () => {
    const listed = [
      key({ id: 'key_2', status: 'revoked', createdAt: ago(2 * HOUR), revokedAt: ago(HOUR) }),
      key({ scopes: ['content:write'], createdAt: ago(90 * HOUR) }),
    ];
    const remembered = { recorded: recorded('key_2', { replaces: 'key_1', seen: 2 }), stored: holds('key_2') };
    expect(decide(READ, listed, remembered)).toMatchObject({ problem: { code: 'KeyRevoked' } });
    expect(decide(READ, listed)).toMatchObject({ problem: { code: 'KeyRevoked' } });
    expect(decide(`${READ}, createdAfter: '${ago(HOUR / 2)}'`, listed, remembered)).toMatchObject({ kind: 'mint' });
  });

  it('that replaced the living one is not minted again after it was revoked, though no status ever named it (I5)', () => {
    const living = key({ id: 'key_1', scopes: ['content:write'], createdAt: ago(9 * HOUR) });
    const dead = { id: 'key_2', status: 'revoked', createdAt: ago(2 * HOUR), revokedAt: ago(HOUR) } as const;
    const memory = { recorded: recorded('key_1'), stored: holds('key_1') };
    const revoked = [key(dead), living];
    expect(decide(READ, revoked, memory)).toMatchObject({ problem: { code: 'KeyRevoked' } });
    expect(decide(`${READ}, createdAfter: '${ago(HOUR / 2)}'`, revoked, memory)).toMatchObject({ kind: 'mint' });
    const otherScopes = [key({ ...dead, scopes: ['ads:read'] }), living];
    expect(decide(READ, otherScopes, memory)).toMatchObject({ kind: 'mint', retires: 'key_1' });
    const earlier = [living, key({ ...dead, createdAt: ago(30 * HOUR) })];
    expect(decide(READ, earlier, memory)).toMatchObject({ kind: 'mint', retires: 'key_1' });
  });
});

describe('a change within the overlap of the last one', () => {
  const previous = { id: 'key_1', prefix: null };
  const stored = holds('key_2');
  const replaces = recorded('key_2', { replaces: 'key_1' });
  const replacedOne = key({ scopes: ['a:b'], createdAt: ago(90 * HOUR) });
  const rotatedOne = key({ supersededBy: 'key_2', graceUntil: ago(-12 * HOUR), createdAt: ago(90 * HOUR) });
  const second = key({ id: 'key_2', createdAt: ago(12 * HOUR) });
  const younger = `${READ}, createdAfter: '${ago(HOUR)}'`;

  it.each([
    { reason: 'scopes, after scopes', entry: 'scopes: [c:d]', old: replacedOne },
    { reason: 'back to the old scopes', entry: 'scopes: [a:b]', old: replacedOne },
    { reason: 'scopes, after a rotation', entry: 'scopes: [c:d]', old: rotatedOne },
    { reason: 'a rotation, after scopes', entry: younger, old: replacedOne },
    { reason: 'a rotation, after a rotation', entry: younger, old: rotatedOne },
  ])('waits, so that the store loses no secret that works: $reason (I3)', ({ entry, old }) => {
    const facts = { recorded: old === replacedOne ? replaces : recorded('key_2'), stored, previous };
    expect(decide(entry, [second, old], facts)).toMatchObject({ problem: { code: 'KeyOverlap', severity: 'held' } });
    // Somebody who revokes the old key by hand ends the wait.
    const dead = { ...old, status: 'revoked' as const, revokedAt: ago(HOUR) };
    expect(decide(entry, [second, dead], facts).kind).toMatch(/mint|rotate/);
  });

  it('goes on when the overlap is over, with the revocation before it', () => {
    const old = { ...second, createdAt: ago(OVERLAP_MS) };
    const facts = { recorded: replaces, stored, previous };
    expect(decide('scopes: [c:d]', [old, replacedOne], facts)).toMatchObject({
      kind: 'revoke',
      keys: [{ id: 'key_1' }],
      successor: { kind: 'mint', retires: 'key_2' },
    });
    expect(decide(younger, [old, replacedOne], facts)).toMatchObject({
      kind: 'revoke',
      keys: [{ id: 'key_1' }],
      successor: { kind: 'rotate', key: { id: 'key_2' } },
    });
  });

  it('knows the replaced key by the store when the status is lost', () => {
    const facts = { stored, previous };
    expect(decide(READ, [second, replacedOne], facts)).toMatchObject({
      problem: { code: 'KeyOverlap', severity: 'waiting' },
    });
    const old = { ...second, createdAt: ago(OVERLAP_MS) };
    expect(decide(READ, [old, replacedOne], facts)).toMatchObject({ kind: 'revoke', keys: [{ id: 'key_1' }] });
  });

  it('revokes the replaced key even if the list lacks it, when status and store both name it (P7, P8)', () => {
    const old = { ...second, createdAt: ago(OVERLAP_MS) };
    expect(decide(READ, [old], { recorded: replaces, stored, previous })).toMatchObject({
      kind: 'revoke',
      keys: [{ id: 'key_1' }],
    });
    expect(decide(READ, [old], { recorded: replaces, stored })).toMatchObject({ kind: 'converged' });
  });

  it('revokes nothing while the secret of the new key is missing (I3)', () => {
    const old = { ...second, createdAt: ago(OVERLAP_MS) };
    const facts = { recorded: replaces, stored: { kind: 'empty' } as const, previous };
    expect(decide(READ, [old, replacedOne], facts)).toMatchObject({ problem: { code: 'SecretMissing' } });
  });
});

describe('the plan of a key', () => {
  const plan = (entry: string, listed: readonly ApiKey[], facts: Partial<KeyFacts>) => {
    const [declared] = customer(`externalId: acme\nname: Acme\nkeys:\n  - { name: main, ${entry} }\n`).declaration.keys;
    if (!declared) throw new Error('no key was declared');
    return planKey(declared, '/keys/0', decide(entry, listed, facts), notices).map(({ action, ends }) => ({
      action,
      ends,
    }));
  };
  const used = key({ createdAt: ago(48 * HOUR), lastUsedAt: ago(HOUR) });

  it.each([
    { reason: 'revoked at once', entry: `${READ}, state: revoked`, action: 'revoke', afterHours: 0 },
    { reason: 'rotated', entry: `${READ}, createdAfter: '${ago(2 * HOUR)}'`, action: 'rotate', afterHours: 24 },
    { reason: 'replaced', entry: 'scopes: [c:d]', action: 'mint', afterHours: 24 },
  ])('says when the dying key was last used: $reason', ({ entry, action, afterHours }) => {
    const facts = { stored: holds('key_1'), recorded: recorded('key_1') };
    expect(plan(entry, [used], facts)).toMatchObject([
      { action, ends: { keys: 1, afterHours, lastUsedAt: used.lastUsedAt } },
    ]);
    expect(plan(entry, [{ ...used, lastUsedAt: null }], facts)).toMatchObject([{ ends: { lastUsedAt: null } }]);
  });

  it('ends nothing with a mint that replaces nothing of ours', () => {
    expect(plan('scopes: [c:d]', [used], {})).toEqual([{ action: 'mint', ends: null }]);
    expect(plan(READ, [], {})).toEqual([{ action: 'mint', ends: null }]);
  });
});
