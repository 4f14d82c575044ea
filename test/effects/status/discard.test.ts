import { describe, expect, test } from 'vitest';
import { createDirectoryStatusStore } from '../../../src/effects/status/directory-store.ts';
import { createInlineStatusStore } from '../../../src/effects/status/inline-store.ts';
import { createMemoryFileSystem } from '../../support/memory-filesystem.ts';

const target = { externalId: 'acme', file: 'customers/acme.yaml' };
const chance = { uuid: () => 'fresh' };
const declaration = '# ours\nexternalId: acme\nname: Acme\n';

describe('discarding a recorded status', () => {
  test('takes the block out of the customer’s file and nothing else', async () => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plant('/work/customers/acme.yaml', declaration);
    const store = createInlineStatusStore({ workspaceDirectory: '/work', fileSystem, chance });
    await store.write(target, { phase: 'Ready' });
    expect(await store.discard(target)).toEqual({ ok: true, value: undefined });
    expect(fileSystem.files()).toEqual({ '/work/customers/acme.yaml': declaration });
    expect(await store.discard(target)).toEqual({ ok: true, value: undefined });
  });

  test.each([
    { reason: 'as it was written', text: 'status:\n  phase: Ready\n' },
    { reason: 'even when it is damaged', text: 'status: [\n' },
  ])('removes the customer’s file from the directory, $reason', async ({ text }) => {
    const fileSystem = createMemoryFileSystem();
    fileSystem.plant('/work/status/acme.yaml', text);
    fileSystem.plant('/work/status/birch.yaml', text);
    const store = createDirectoryStatusStore({ directory: '/work/status', fileSystem, chance });
    expect(await store.discard(target)).toEqual({ ok: true, value: undefined });
    expect(await store.discard(target)).toEqual({ ok: true, value: undefined });
    expect(fileSystem.files()).toEqual({ '/work/status/birch.yaml': text });
  });
});
