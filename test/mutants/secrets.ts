import { type Mutant, mutant } from './mutant.ts';

const KEY_STEP = 'src/engine/steps/api-key.ts';
const KEY_DECISION = 'src/core/resources/api-key.ts';
const KEY_OVERLAP = 'src/core/resources/api-key-overlap.ts';
const KEY_SECRET = 'src/core/resources/api-key-secret.ts';
const STORE = 'src/effects/secrets/file-store.ts';
const DOCUMENTS = 'src/effects/secrets/document-store.ts';
const COMMAND = 'src/effects/secrets/command-store.ts';
const VAULT_KV = 'src/effects/vault/kv.ts';
const MINT_KEY = 'pass.keys.mintApiKey(externalId, incarnation, declared.name, by.ordinal)';
const MISSING = "  return refused(\n    notices.problem(\n      pointer,\n      'error',\n      'SecretMissing',";

/** Mistakes that lose a secret, show one, or kill a key that works. */
export const secretMutants: readonly Mutant[] = [
  mutant(
    'status before the secret is stored',
    'I3',
    KEY_STEP,
    '  if (!kept.ok)\n',
    '  rememberKey(run, apiKey, listed);\n  if (!kept.ok)\n',
  ),
  mutant('no probe of the store', 'I3', KEY_STEP, '  if (!probe.ok)\n', '  if (false)\n'),
  mutant(
    'no probe before a webhook',
    'I3',
    'src/engine/steps/webhook.ts',
    'if (probe.ok) return null;',
    'return null;',
  ),
  mutant('random mint key', 'I3', KEY_STEP, MINT_KEY, 'pass.effects.chance.uuid()'),
  mutant(
    'every mint has ordinal 0',
    'I3',
    KEY_STEP,
    MINT_KEY,
    'pass.keys.mintApiKey(externalId, incarnation, declared.name, 0)',
  ),
  mutant(
    'random rotation key',
    'I3',
    KEY_STEP,
    'pass.keys.rotateApiKey(externalId, incarnation, oldKeyId)',
    'pass.effects.chance.uuid()',
  ),
  mutant(
    'revoke because the store is empty',
    'I3',
    KEY_SECRET,
    MISSING,
    `  if (stored.kind === 'empty') return { kind: 'revoke', keys: [key], reason: 'its secret is lost' };\n${MISSING}`,
  ),
  mutant(
    'mint again because the secret is missing',
    'I5',
    KEY_SECRET,
    MISSING,
    `  if (stored.kind === 'empty') return { kind: 'mint', ordinal: sameName.length, replaces: null, retires: null, reason: 'its secret is lost' };\n${MISSING}`,
  ),
  mutant('a mint is repeated for ever', 'I3', KEY_SECRET, '!vetoed && age < REPLAY_WITHIN_MS', '!vetoed'),
  mutant(
    'a recorded key is no veto against a replay',
    'I7',
    KEY_SECRET,
    '!vetoed && age < REPLAY_WITHIN_MS',
    'age < REPLAY_WITHIN_MS',
  ),
  mutant(
    'a webhook is created again with an edited body',
    'I3',
    'src/engine/steps/webhook.ts',
    "decision.kind === 'recover' ? decision.endpoint : declared;",
    'declared;',
  ),
  mutant(
    'a written secret is not read back',
    'I3',
    STORE,
    "if (after.kind === 'held' && !after.isSwitching && same(after.stored, stored)) return done;",
    'return done;',
  ),
  mutant(
    'the previous secret is overwritten',
    'I3',
    STORE,
    'if (held) steps.push(() => copyToPrevious(place, files, held));',
    '',
  ),
  mutant(
    'a secret encrypted anew pushes the previous one out',
    'I3',
    STORE,
    'if (held && !same(held, stored) && isOneCredential(place.encoding, held, stored)) {',
    'if (false) {',
  ),
  mutant(
    'an encryption is not proved before a key is minted',
    'I3',
    STORE,
    'const proved = await encoding.prove();',
    'const proved = { ok: true } as const;',
  ),
  mutant(
    'a document is believed without a second look',
    'I3',
    DOCUMENTS,
    "if (written.outcome === 'ok') continue;",
    "if (written.outcome === 'ok') return done;",
  ),
  mutant('the previous secret falls out of a document', 'I3', DOCUMENTS, 'previous: current ?? previous,', 'previous,'),
  mutant(
    'a secret that nobody can name is overwritten',
    'I3',
    DOCUMENTS,
    'others: setAside(others, secretNames, uuid),',
    'others: {},',
  ),
  mutant(
    'two writers push each other out of a document for ever',
    'I3',
    DOCUMENTS,
    'if (isSent && isSame(previous, stored)) return null;',
    '',
  ),
  mutant(
    'a probe that a program does not read back is good enough',
    'I3',
    COMMAND,
    "if (found?.['probe'] !== id || found['filler'] !== FILLER)",
    'if (found === undefined)',
  ),
  mutant(
    'a program that fails has nothing',
    'I3',
    COMMAND,
    'if (end.code === NOTHING_THERE) return { ok: true, value: null };',
    "if (end.code === NOTHING_THERE || text === '') return { ok: true, value: null };",
  ),
  mutant(
    'a program is always told that there is nothing yet',
    'I3',
    COMMAND,
    "const end = await options.program.run(['put', path, String(revision)], new Secret(text));",
    "const end = await options.program.run(['put', path, '0'], new Secret(text));",
  ),
  mutant(
    'a program is handed the secret as an argument',
    'I4',
    COMMAND,
    "const end = await options.program.run(['put', path, String(revision)], new Secret(text));",
    "const end = await options.program.run(['put', path, String(revision), text], new Secret(text));",
  ),
  mutant(
    'a program is handed our whole environment',
    'I4',
    'src/effects/secrets/command-program.ts',
    'const isPassedOn = (name: string) => passedOn.test(name) || environmentNames.includes(name);',
    'const isPassedOn = () => true;',
  ),
  mutant(
    'what a program says is shown as it is',
    'I4',
    COMMAND,
    "withoutSecrets(lines.slice(-LINES_SHOWN).join(' '), [...hidden, ...secrets])",
    "lines.slice(-LINES_SHOWN).join(' ')",
  ),
  mutant(
    'an entry of Vault is written over whatever is there',
    'I3',
    VAULT_KV,
    'JSON.stringify({ options: { cas: version }, data })',
    'JSON.stringify({ options: {}, data })',
  ),
  mutant(
    'an entry of Vault that was deleted by hand is taken for one that never was',
    'I3',
    VAULT_KV,
    "if (found) return { kind: 'read', data: found.data, version: found.metadata.version };",
    "if (found) return { kind: 'read', data: found.data, version: found.data === null ? 0 : found.metadata.version };",
  ),
  mutant(
    'an engine that deletes by itself is good enough',
    'I3',
    'src/effects/secrets/vault-store.ts',
    'if (written.deletedAt !== null)',
    'if (false)',
  ),
  mutant(
    'what Vault says is shown as it is',
    'I4',
    'src/effects/vault/outcome.ts',
    "const said = cleanText(errors.join('; ').replace(/\\d+ errors? occurred:/, ''), hidden);",
    "const said = errors.join('; ');",
  ),
  mutant(
    'a replaced key dies at once',
    'I3',
    KEY_OVERLAP,
    'return serverNowMs - Date.parse(key.createdAt) >= OVERLAP_MS;',
    'return serverNowMs > 0;',
  ),
  mutant(
    'the secret in the journal',
    'I4',
    KEY_STEP,
    'const noteOf = ({ apiKey }: MintedApiKey) => ({ keyId: apiKey.id, prefix: apiKey.prefix });',
    'const noteOf = ({ apiKey, secret }: MintedApiKey) => ({ keyId: apiKey.id, prefix: secret.reveal() });',
  ),
  mutant(
    'a revoked key comes back by itself',
    'I5',
    KEY_DECISION,
    'if (declared.createdAfter && revokedAt && instant(declared.createdAfter) > instant(revokedAt))',
    'if (revokedAt)',
  ),
];
