import type { Stage } from '../support/machine.ts';
import { anHourAgo, FILE, HOUR_MS, onboarded, replace, withoutStatus } from './stage.ts';
import { NOTHING, type Walk } from './walk.ts';

const SCOPES = '[content:read, content:write]';

/** Asks for a key that is younger. */
function askForYounger(stage: Stage, createdAfter = anHourAgo(stage), name = 'acme-integration'): void {
  stage.edit(FILE, replace(`- name: ${name}`, `- createdAfter: ${createdAfter}\n    name: ${name}`));
}

function ofAcme({ sandbox }: Stage) {
  const { apiKeys, organizations } = sandbox.snapshot();
  const organizationId = organizations.find(({ metadata }) => metadata['externalId'] === 'acme-coffee')?.id ?? '';
  return { organizationId, keys: apiKeys.filter((key) => key.organizationId === organizationId) };
}

/** The file store's folder of the customer is emptied. */
function loseSecrets(stage: Stage): void {
  const folder = `.reconcile/secrets/${stage.sandbox.parent().organizationId}/customers/acme-coffee`;
  for (const file of ['acme-integration', 'acme-integration.json']) stage.save(`${folder}/${file}`, null);
}

/** Rotates the key, and lets hours pass. */
async function rotated(stage: Stage, hours: number): Promise<void> {
  await onboarded(stage);
  askForYounger(stage);
  await stage.pass();
  stage.wait(hours * HOUR_MS);
}

/** Gives the key other scopes, and lets hours pass. */
async function replaced(stage: Stage, hours: number): Promise<void> {
  await onboarded(stage);
  stage.edit(FILE, replace(SCOPES, '[content:read]'));
  await stage.pass();
  stage.wait(hours * HOUR_MS);
}

const made: readonly Walk[] = [
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
    name: 'key-scopes-reordered',
    reason: 'the scopes of a key are written in another order',
    never: 'A key is made for a set of scopes that it has.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace(SCOPES, '[content:write, content:read]'));
    },
    passes: [NOTHING],
  },
  {
    name: 'key-made-by-hand',
    reason: 'a key that somebody made by hand is declared; its secret is asked for by `createdAfter`',
    never: 'A second key of the name is minted beside it.',
    // Nobody can tell a key that a list lacks from one that was never made, if it is not in any memory of ours.
    promise: 'safe',
    before: async (stage) => {
      await onboarded(stage);
      stage.sandbox.hands.mintKey(ofAcme(stage).organizationId, {
        name: 'reporting',
        scopes: ['content:read'],
        env: 'live',
      });
      stage.wait(21 * HOUR_MS);
      stage.edit(FILE, replace('keys:\n', 'keys:\n  - name: reporting\n    scopes: [content:read]\n'));
    },
    // Behind the struck pass it may be any time: what a person writes then is the same text in every history.
    after: (stage) => askForYounger(stage, '2026-06-16T10:00:00Z', 'reporting'),
    passes: [
      { plans: [], writes: [], says: ['SecretMissing'] },
      { plans: ['rotate api-key reporting'], writes: ['POST …/api-keys/<key>/rotate'], says: [] },
    ],
  },
  {
    name: 'key-made-twice',
    reason: 'somebody made a second key of the same name, and revokes it',
    never: 'One of two live keys is chosen, or revoked.',
    options: { full: true },
    before: async (stage) => {
      await onboarded(stage);
      const { organizationId, keys } = ofAcme(stage);
      for (const { name, scopes, env } of keys) stage.sandbox.hands.mintKey(organizationId, { name, scopes, env });
      stage.wait(HOUR_MS);
    },
    after: (stage) => {
      const [, second] = ofAcme(stage).keys.toSorted((a, b) => a.createdAtMs - b.createdAtMs);
      stage.sandbox.hands.revokeKey(second?.id ?? '');
    },
    passes: [{ plans: [], writes: [], says: ['DuplicateKey'] }, NOTHING],
  },
];

const replacedOrRotated: readonly Walk[] = [
  {
    name: 'key-scopes-edited',
    reason: 'changed scopes, or another env, mint a second key; the first stays for its overlap',
    never: 'The old key dies before its overlap has ended.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace(SCOPES, '[content:read]'));
    },
    passes: [
      { plans: ['mint api-key acme-integration'], writes: ['POST …/api-keys'], says: ['KeyOverlap'] },
      { afterHours: 24, plans: ['revoke api-key acme-integration'], writes: ['DELETE …/api-keys/<key>'], says: [] },
    ],
  },
  {
    name: 'key-overlap-ended',
    reason: 'the overlap of a replaced key has ended',
    never: 'Any other key than the replaced one is revoked.',
    before: (stage) => replaced(stage, 25),
    passes: [{ plans: ['revoke api-key acme-integration'], writes: ['DELETE …/api-keys/<key>'], says: [] }],
  },
  {
    name: 'key-scopes-edited-twice',
    reason: 'scopes change again within the overlap: the second change waits until the first is over',
    never: 'The secret of a key that works is pushed out of the store.',
    before: async (stage) => {
      await replaced(stage, 2);
      stage.edit(FILE, replace('[content:read]', '[content:write]'));
    },
    passes: [
      { plans: [], writes: [], says: ['KeyOverlap'] },
      {
        afterHours: 24,
        plans: ['revoke api-key acme-integration', 'mint api-key acme-integration'],
        writes: ['DELETE …/api-keys/<key>', 'POST …/api-keys'],
        says: ['KeyOverlap'],
      },
      { afterHours: 24, plans: ['revoke api-key acme-integration'], writes: ['DELETE …/api-keys/<key>'], says: [] },
    ],
  },
  {
    name: 'key-change-waited',
    reason: 'the overlap that a second change of scopes waited for has ended',
    never: 'The key between the two is revoked before its own overlap has ended.',
    before: async (stage) => {
      await replaced(stage, 2);
      stage.edit(FILE, replace('[content:read]', '[content:write]'));
      await stage.pass();
      stage.wait(25 * HOUR_MS);
    },
    passes: [
      {
        plans: ['revoke api-key acme-integration', 'mint api-key acme-integration'],
        writes: ['DELETE …/api-keys/<key>', 'POST …/api-keys'],
        says: ['KeyOverlap'],
      },
      { afterHours: 24, plans: ['revoke api-key acme-integration'], writes: ['DELETE …/api-keys/<key>'], says: [] },
    ],
  },
  {
    name: 'key-rotated',
    reason: 'a raised createdAfter rotates the key',
    never: 'A secret is overwritten while its key lives.',
    before: async (stage) => {
      await onboarded(stage);
      askForYounger(stage);
    },
    passes: [{ plans: ['rotate api-key acme-integration'], writes: ['POST …/api-keys/<key>/rotate'], says: [] }],
  },
  {
    name: 'key-rotated-and-over',
    reason: 'the old key of a rotation is dead: its secret is forgotten',
    never: 'A secret is forgotten while its key works.',
    options: { full: true },
    before: (stage) => rotated(stage, 25),
    passes: [NOTHING],
  },
  {
    name: 'key-rotated-then-edited',
    reason: 'scopes change within the overlap of a rotation: the change waits until the old key is dead',
    never: 'The secret of a key that works is pushed out of the store.',
    before: async (stage) => {
      await rotated(stage, 2);
      stage.edit(FILE, replace(SCOPES, '[content:read]'));
    },
    passes: [
      { plans: [], writes: [], says: ['KeyOverlap'] },
      {
        afterHours: 24,
        plans: ['mint api-key acme-integration'],
        writes: ['POST …/api-keys'],
        says: ['KeyOverlap'],
      },
      { afterHours: 24, plans: ['revoke api-key acme-integration'], writes: ['DELETE …/api-keys/<key>'], says: [] },
    ],
  },
];

const ended: readonly Walk[] = [
  {
    name: 'key-revoked',
    reason: 'a key declared revoked is revoked',
    never: 'A revoked key is minted again.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace(`scopes: ${SCOPES}`, 'scopes: [content:read]\n    state: revoked'));
    },
    passes: [{ plans: ['revoke api-key acme-integration'], writes: ['DELETE …/api-keys/<key>'], says: [] }],
  },
  {
    name: 'key-entry-removed',
    reason: 'the entry of a key leaves the file',
    never: 'A key is revoked because nobody names it.',
    options: { full: true },
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, replace(`keys:\n  - name: acme-integration\n    scopes: ${SCOPES}\n`, 'keys: []\n'));
    },
    passes: [{ plans: [], writes: [], says: ['UndeclaredKey'] }],
  },
  {
    name: 'key-revoked-by-hand',
    reason: 'somebody revokes a key by hand',
    never: 'It is minted again by itself.',
    options: { full: true },
    before: async (stage) => {
      await onboarded(stage);
      for (const { id } of ofAcme(stage).keys) stage.sandbox.hands.revokeKey(id);
      stage.wait(HOUR_MS);
    },
    passes: [{ plans: [], writes: [], says: ['KeyRevoked'] }],
  },
  {
    name: 'key-revoked-and-asked-for',
    reason: 'a key that was revoked by hand is asked for by a later createdAfter',
    never: 'The dead key comes back with its old secret.',
    before: async (stage) => {
      await onboarded(stage);
      for (const { id } of ofAcme(stage).keys) stage.sandbox.hands.revokeKey(id);
      stage.wait(2 * HOUR_MS);
      askForYounger(stage);
    },
    passes: [{ plans: ['mint api-key acme-integration'], writes: ['POST …/api-keys'], says: [] }],
  },
];

const lost: readonly Walk[] = [
  {
    name: 'key-secret-lost',
    reason: 'the store loses the secret of a key; a new one is asked for by `createdAfter`',
    never: 'A key is replaced or revoked because a store is empty.',
    before: async (stage) => {
      await onboarded(stage);
      loseSecrets(stage);
    },
    after: (stage) => askForYounger(stage, '2026-06-15T13:00:00Z'),
    passes: [
      { plans: [], writes: [], says: ['SecretMissing'] },
      { plans: ['rotate api-key acme-integration'], writes: ['POST …/api-keys/<key>/rotate'], says: [] },
    ],
  },
  {
    name: 'key-secret-and-status-lost',
    reason: 'store and status are lost within 20 hours of the mint: the same request gives the same secret again',
    never: 'A second key is made.',
    before: async (stage) => {
      await onboarded(stage);
      stage.edit(FILE, withoutStatus);
      loseSecrets(stage);
    },
    passes: [{ plans: ['mint api-key acme-integration'], writes: ['POST …/api-keys'], says: [] }],
  },
];

/** API keys, from their mint to their end. */
export const keysWalks: readonly Walk[] = [...made, ...replacedOrRotated, ...ended, ...lost];
