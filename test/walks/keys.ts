import { FILE, HOUR_MS, onboarded, replace } from './stage.ts';
import type { Walk } from './walk.ts';

/** API keys, from their mint to their end. */
export const keysWalks: readonly Walk[] = [
  {
    name: 'key-added',
    reason: 'a second key beside the first',
    never: 'The first key is touched.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('keys:\n', 'keys:\n  - { name: reporting, scopes: [content:read] }\n'));
    },
    passes: [{ plans: ['mint api-key reporting'], writes: ['POST …/api-keys'], says: [] }],
  },
  {
    name: 'key-scopes-edited',
    reason: 'changed scopes mint a second key; the first stays for its overlap',
    never: 'The old key dies before its overlap has ended.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('[content:read, content:write]', '[content:read]'));
    },
    passes: [
      { plans: ['mint api-key acme-integration'], writes: ['POST …/api-keys'], says: ['KeyOverlap'] },
      { afterHours: 24, plans: ['revoke api-key acme-integration'], writes: ['DELETE …/api-keys/<key>'], says: [] },
    ],
  },
  {
    name: 'key-rotated',
    reason: 'a raised createdAfter rotates the key',
    never: 'A secret is overwritten while its key lives.',
    before: async (stage) => {
      await onboarded(stage);
      const now = new Date(stage.sandbox.clock.now() - HOUR_MS).toISOString().replace('.000', '');
      stage.edit(FILE, replace('keys:\n  - name', `keys:\n  - createdAfter: ${now}\n    name`));
    },
    passes: [{ plans: ['rotate api-key acme-integration'], writes: ['POST …/api-keys/<key>/rotate'], says: [] }],
  },
  {
    name: 'key-revoked',
    reason: 'a key declared revoked is revoked',
    never: 'A revoked key is minted again.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace('scopes: [content:read, content:write]', 'scopes: [content:read]\n    state: revoked'));
    },
    passes: [{ plans: ['revoke api-key acme-integration'], writes: ['DELETE …/api-keys/<key>'], says: [] }],
  },
];
