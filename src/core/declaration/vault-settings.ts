import { z } from 'zod';
import { directory, explain, ignores, needs } from './store-settings.ts';

/** Of `secrets` in `reconcile.yaml`, what is for the store `vault` alone. */

const vaultPath = z
  .string()
  .max(200)
  .regex(
    /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/,
    'must be names with slashes between, none at either end, such as partners/layers',
  );

const role = z.string().regex(/^[^\s\p{Cc}]{1,256}$/u, 'must be one word');

const auth = z
  .strictObject({
    method: z
      .enum(['token', 'kubernetes', 'approle'])
      .default('token')
      .meta({
        description:
          'token takes VAULT_TOKEN, or the file that VAULT_TOKEN_FILE names. kubernetes logs in with the token of the pod’s ' +
          'service account, approle with VAULT_SECRET_ID, or the file that VAULT_SECRET_ID_FILE names.',
      }),
    role: role.optional().meta({
      description: 'Of kubernetes the name of the role, of approle its role id.',
      examples: ['layers-reconciler'],
    }),
    mount: vaultPath.optional().meta({
      description: 'Where the method is mounted below auth/; its own name when left out.',
      examples: ['kubernetes'],
    }),
    tokenFile: directory.optional().meta({
      description: 'For kubernetes: the file of a projected token, where it is not the usual one.',
      examples: ['/var/run/secrets/vault/token'],
    }),
  })
  .superRefine(explain(authProblem), { when: () => true })
  .meta({
    description: 'How to log in to Vault.',
    dependentRequired: { role: ['method'], mount: ['method'], tokenFile: ['method'] },
    allOf: [
      needs('kubernetes', { role: true }, 'method'),
      needs('approle', { role: true }, 'method'),
      ignores('token', ['role', 'mount', 'tokenFile'], 'method'),
      ignores('approle', ['tokenFile'], 'method'),
    ],
  });

export const vaultMembers = {
  address: z
    .string()
    .max(1024)
    .regex(
      /^(?:https:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])|http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]))(?::\d{1,5})?(?:\/[A-Za-z0-9._~/-]*)?$/,
      'must be the URL of a server, https:// (http:// only on this machine), without user name, query or fragment',
    )
    .optional()
    .meta({
      description: 'For the store `vault`: the server, as VAULT_ADDR names it. https, or http on this machine.',
      examples: ['https://vault.partner.example:8200'],
    }),
  mount: vaultPath.optional().meta({
    description: 'For the store `vault`: where the KV version 2 engine is mounted; secret when left out.',
    examples: ['secret'],
  }),
  path: vaultPath.optional().meta({
    description: 'For the store `vault`: what all entries of ours lie below; layers when left out.',
    examples: ['layers'],
  }),
  caFile: directory.optional().meta({
    description:
      'For the store `vault`: a file with the certificate of whoever signs the server’s, relative to the workspace; the ' +
      'system’s own when left out.',
    examples: ['vault-ca.pem'],
  }),
  auth: auth.optional().meta({ description: 'For the store `vault`: how to log in; by a token when left out.' }),
};

interface AuthSettings {
  readonly method?: unknown;
  readonly role?: unknown;
  readonly mount?: unknown;
  readonly tokenFile?: unknown;
}

function authProblem(settings: AuthSettings): string | null {
  const { method, role: given } = settings;
  if (method === 'kubernetes' && given === undefined)
    return 'has method: kubernetes but no role; add a line such as role: layers-reconciler';
  if (method === 'approle' && given === undefined)
    return 'has method: approle but no role; add a line with the role id, which is no secret';
  const unused = ['role', 'mount', 'tokenFile'].find(
    (name) =>
      Reflect.get(settings, name) !== undefined &&
      (method === 'token' || (method === 'approle' && name === 'tokenFile')),
  );
  if (unused === undefined) return null;
  const methods = unused === 'tokenFile' ? 'kubernetes' : 'kubernetes or approle';
  return `has a ${unused} that nothing uses; add method: ${methods}, or remove the ${unused}`;
}
