import { z } from 'zod';
import { Secret } from '../../core/secret.ts';
import { trouble, type VaultTrouble } from './outcome.ts';
import type { VaultSession } from './session.ts';

/** A KV v2 engine: the part of its API that our store needs (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). */
export interface VaultKv {
  /** `version` is what a write replaces: 0 where there was never anything. */
  read(path: string): Promise<KvRead | VaultTrouble>;
  /** Writes only over that version (check-and-set). */
  write(
    path: string,
    data: Readonly<Record<string, unknown>>,
    version: number,
    hidden: readonly Secret[],
  ): Promise<KvWritten | VaultTrouble>;
  /** With all its versions. */
  remove(path: string): Promise<{ readonly kind: 'removed' } | VaultTrouble>;
  /** Null where the mount is, or may be, a KV v2 engine; else what it is, as a piece of a sentence. */
  flaw(): Promise<string | null>;
}

export interface KvRead {
  readonly kind: 'read';
  /** Null for nothing: never written, or its latest version was deleted. */
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly version: number;
}

export interface KvWritten {
  readonly kind: 'written';
  /** When Vault will delete it by itself; null for never, as it has to be. */
  readonly deletedAt: string | null;
}

export interface VaultKvOptions {
  readonly session: VaultSession;
  readonly mount: string;
  /** Below it lies everything of ours. */
  readonly path: string;
}

const readAnswer = z.object({
  data: z.object({
    data: z.record(z.string(), z.unknown()).nullable(),
    metadata: z.object({ version: z.int().nonnegative() }),
  }),
});
const writeAnswer = z.object({ data: z.object({ version: z.int().positive(), deletion_time: z.string() }) });
const mountAnswer = z.object({
  data: z.object({ type: z.string(), options: z.object({ version: z.string().optional() }).nullish() }),
});

export function createVaultKv({ session, mount, path: base }: VaultKvOptions): VaultKv {
  const urlOf = (kind: 'data' | 'metadata', path: string) => `/v1/${encoded(`${mount}/${kind}/${base}/${path}`)}`;

  /** With the permission that is missing, where that is what a 403 means; a token that nobody knows gets one too. */
  async function explained(found: VaultTrouble): Promise<VaultTrouble> {
    if (found.reason !== 'denied') return found;
    const self = await session.send({ method: 'GET', path: '/v1/auth/token/lookup-self' });
    if (self.kind === 'trouble' && self.reason === 'denied')
      return { ...found, message: 'Vault does not accept our token (403): it is wrong, revoked or has expired' };
    const rules = [
      `path "${mount}/data/${base}/*" { capabilities = ["create", "read", "update"] }`,
      `path "${mount}/metadata/${base}/+/customers/+/+/probe" { capabilities = ["delete"] }`,
      `path "${mount}/metadata/${base}/+/webhooks/+/probe" { capabilities = ["delete"] }`,
    ];
    return { ...found, message: `permission denied (403); a policy of our token needs ${rules.join(' and ')}` };
  }

  return {
    async read(path) {
      const outcome = await session.send({ method: 'GET', path: urlOf('data', path) });
      if (outcome.kind === 'trouble') return explained(outcome);
      const found = readAnswer.safeParse(outcome.json).data?.data;
      if (found) return { kind: 'read', data: found.data, version: found.metadata.version };
      if (outcome.status === 404) return { kind: 'read', data: null, version: 0 };
      return trouble('refused', `${mount} does not answer as a KV v2 engine does. ${noKv}`);
    },
    async write(path, data, version, hidden) {
      const body = new Secret(JSON.stringify({ options: { cas: version }, data }));
      const outcome = await session.send({ method: 'POST', path: urlOf('data', path) }, body, hidden);
      if (outcome.kind === 'trouble') return explained(outcome);
      const written = writeAnswer.safeParse(outcome.json).data?.data;
      // KV v1 takes anything anywhere, answers 204, and compares nothing.
      if (written === undefined) return trouble('refused', `${mount} does not answer as a KV v2 engine does. ${noKv}`);
      return { kind: 'written', deletedAt: written.deletion_time === '' ? null : written.deletion_time };
    },
    async remove(path) {
      const outcome = await session.send({ method: 'DELETE', path: urlOf('metadata', path) });
      return outcome.kind === 'trouble' ? explained(outcome) : { kind: 'removed' };
    },
    async flaw() {
      // What Vault's own command asks before it talks to an engine; any token with a right below the mount may.
      const outcome = await session.send({ method: 'GET', path: `/v1/sys/internal/ui/mounts/${encoded(mount)}` });
      const found = outcome.kind === 'answer' ? mountAnswer.safeParse(outcome.json).data?.data : undefined;
      if (found === undefined) return null;
      if (found.type !== 'kv') return `the engine at ${mount} is of the type ${found.type}. ${noKv}`;
      return found.options?.version === '2' ? null : `the engine at ${mount} is KV version 1. ${noKv}`;
    },
  };
}

const noKv =
  'Secrets are kept only in a KV version 2 engine, which can compare before it writes: vault secrets enable -version=2 -path=<mount> kv';

/** Slashes stay; a percent sign of a name is a character like any other. */
function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
