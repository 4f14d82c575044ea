import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import type {
  HeldSecret,
  SecretSlot,
  SecretStore,
  StoredSecret,
  StoreResult,
} from '../../../src/effects/secrets/store.ts';

/** What every store of secrets promises, wherever it keeps them. */

export const slot: SecretSlot = {
  parentOrganizationId: 'org_parent',
  kind: 'api-key',
  externalId: 'acme-coffee',
  name: 'acme-integration',
};

export function apiKey(id: string, letter: string): StoredSecret {
  const prefix = `lp_live_${letter.repeat(16)}`;
  return { id, prefix, createdAt: '2026-11-01T00:00:00Z', secret: new Secret(`${prefix}_${'s'.repeat(43)}`) };
}

export const first = apiKey('key_1', 'A');
export const second = apiKey('key_2', 'B');

/** With the secret as text: vitest cannot look into a Secret, and takes any two for equal. */
export function shown(result: StoreResult<HeldSecret | null>) {
  return result.ok ? result.value && { ...result.value, secret: result.value.secret?.reveal() } : result;
}

export function plain(stored: StoredSecret) {
  return { ...stored, secret: stored.secret.reveal() };
}

/**
 * A put over another secret that is struck between `strike` and `mend` neither mixes secrets up nor loses one, and the
 * next attempt completes.
 */
export async function expectStruckPutToLoseNothing(
  open: () => SecretStore,
  { strike, mend }: { readonly strike: () => void; readonly mend: () => void },
): Promise<void> {
  await open().put(slot, first);
  strike();
  await open().put(slot, second);
  mend();
  expect([plain(first), plain(second)]).toContainEqual(shown(await open().read(slot)));
  expect(await open().put(slot, second)).toMatchObject({ ok: true });
  expect(shown(await open().read(slot))).toEqual(plain(second));
  expect(shown(await open().readPrevious(slot))).toEqual(plain(first));
}

const empty = { ok: true, value: null };

/** `store` opens the same place again each time it is called; every test gets a place of its own. */
export function describeSecretStore(name: string, place: () => Promise<() => SecretStore>): void {
  describe(`${name} as a store of secrets`, () => {
    test('holds nothing where nothing was put, and says that it could', async () => {
      const open = await place();
      expect(await open().read(slot)).toEqual(empty);
      expect(await open().probe(slot)).toEqual({ ok: true, value: undefined });
      expect(await open().read(slot)).toEqual(empty);
      expect(await open().readPrevious(slot)).toEqual(empty);
    });

    test('gives back what was put, to another process too', async () => {
      const open = await place();
      expect(await open().put(slot, first)).toMatchObject({ ok: true });
      expect(await open().settle(slot)).toMatchObject({ ok: true });
      expect(shown(await open().read(slot))).toEqual(plain(first));
    });

    test('keeps the secret that another one replaces, until it is told that it is dead', async () => {
      const open = await place();
      const store = open();
      await store.put(slot, first);
      await store.put(slot, second);
      expect(shown(await store.read(slot))).toEqual(plain(second));
      expect(shown(await store.readPrevious(slot))).toEqual(plain(first));
      expect(await store.removePrevious(slot)).toMatchObject({ ok: true });
      expect(await store.readPrevious(slot)).toEqual(empty);
      expect(shown(await store.read(slot))).toEqual(plain(second));
      expect(await store.removePrevious(slot)).toMatchObject({ ok: true });
    });

    test('takes the same secret again without making it its own previous one', async () => {
      const open = await place();
      const store = open();
      await store.put(slot, first);
      await store.put(slot, first);
      expect(await store.readPrevious(slot)).toEqual(empty);
      expect(shown(await store.read(slot))).toEqual(plain(first));
    });

    test('tells a new secret of the same id from the old one, as a rotated webhook has', async () => {
      const open = await place();
      const store = open();
      const hook: SecretSlot = { ...slot, kind: 'webhook', externalId: null, name: 'firehose' };
      const before = { id: 'hook', prefix: null, createdAt: null, secret: new Secret('whsec_one') };
      const after = { ...before, secret: new Secret('whsec_two') };
      await store.put(hook, before);
      await store.put(hook, after);
      expect(shown(await store.read(hook))).toEqual(plain(after));
      expect(shown(await store.readPrevious(hook))).toEqual(plain(before));
    });

    test('keeps slots apart whose names differ by little', async () => {
      const open = await place();
      const store = open();
      const slots: SecretSlot[] = [
        slot,
        { ...slot, parentOrganizationId: 'org_other' },
        { ...slot, externalId: 'acme' },
        { ...slot, externalId: 'acme.coffee' },
        { ...slot, name: 'acme.integration' },
        { ...slot, name: 'acme integration ☕' },
        { ...slot, name: `${'x'.repeat(119)}a` },
        { ...slot, name: `${'x'.repeat(119)}b` },
        { ...slot, kind: 'webhook', externalId: null },
      ];
      for (const [index, one] of slots.entries())
        expect(await store.put(one, apiKey(`key_${index}`, 'CDEFGHIJKL'.charAt(index)))).toMatchObject({ ok: true });
      for (const [index, one] of slots.entries())
        expect(await store.read(one)).toMatchObject({ ok: true, value: { id: `key_${index}` } });
      expect(new Set(slots.map((one) => store.reference(one))).size).toBe(slots.length);
    });

    test('names no secret in its references', async () => {
      const store = (await place())();
      await store.put(slot, first);
      expect(store.reference(slot)).not.toContain(first.secret.reveal());
    });
  });
}
