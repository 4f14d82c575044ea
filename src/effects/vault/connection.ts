import { Secret } from '../../core/secret.ts';
import { changingToken } from '../changing-token.ts';
import type { TlsSettings } from '../deadline-request.ts';
import { systemFailure } from '../errno.ts';
import type { FileSystem } from '../filesystem.ts';
import { parseServer } from '../server-address.ts';

/** How to reach a server of Vault or OpenBao, and as whom. */
export interface VaultConnection {
  /** Scheme, host and port. https, or http on loopback, since the token travels with every request. */
  readonly origin: string;
  /** What stands before `/v1`; empty, or a path behind a proxy. */
  readonly basePath: string;
  readonly tls: TlsSettings;
  /** Of Vault Enterprise, OpenBao or HCP; null for the root one. */
  readonly namespace: string | null;
  readonly login: VaultLogin;
}

/** Where a token comes from. The texts are asked for anew each time: what lies in a file may be replaced. */
export type VaultLogin =
  | { readonly kind: 'token'; readonly token: () => Secret }
  | {
      readonly kind: 'log-in';
      /** Of the auth method: `kubernetes`, `approle`. */
      readonly mount: string;
      /** What the method is told, with the name that it has there for each. */
      readonly body: () => CredentialsResult;
    };

type CredentialsResult =
  | { readonly ok: true; readonly body: Readonly<Record<string, Secret | string>> }
  | { readonly ok: false; readonly message: string };

export type VaultConnectionResult =
  | { readonly ok: true; readonly connection: VaultConnection }
  /** What is missing or wrong and what to do, for people; never a credential. */
  | { readonly ok: false; readonly message: string };

/** `secrets` of a reconcile.yaml that chose the store `vault`. */
export interface VaultSettings {
  readonly address: string;
  readonly namespace?: string | undefined;
  /** Absolute. */
  readonly caFile?: string | undefined;
  readonly auth?:
    | {
        readonly method: 'token' | 'kubernetes' | 'approle';
        readonly role?: string | undefined;
        readonly mount?: string | undefined;
        readonly tokenFile?: string | undefined;
      }
    | undefined;
}

interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly fileSystem: Pick<FileSystem, 'readFile'>;
}

/** Where the kubelet puts the token of a pod's service account (kubernetes.io, "Access the Kubernetes API from a Pod"). */
const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export function vaultConnection(settings: VaultSettings, surroundings: Surroundings): VaultConnectionResult {
  const server = parseServer(settings.address);
  if (!server.ok) return { ok: false, message: `secrets.address: ${server.message}` };
  const ca = settings.caFile === undefined ? null : readText(settings.caFile, surroundings);
  if (ca?.ok === false) return { ok: false, message: `secrets.caFile: ${ca.message}` };
  const login = loginOf(settings, surroundings);
  if ('message' in login) return { ok: false, message: login.message };
  const { origin, basePath } = server;
  const tls = { ca: ca?.text ?? null, serverName: null, client: null };
  const namespace = settings.namespace?.replace(/\/+$/, '') ?? null;
  return { ok: true, connection: { origin, basePath, tls, namespace, login } };
}

function loginOf({ auth }: VaultSettings, surroundings: Surroundings): VaultLogin | { readonly message: string } {
  const { method = 'token', role = '', mount = method } = auth ?? {};
  if (method === 'token') return tokenLogin(surroundings);
  if (method === 'kubernetes') {
    const path = auth?.tokenFile ?? SERVICE_ACCOUNT_TOKEN;
    return {
      kind: 'log-in',
      mount,
      body: () => {
        const jwt = readText(path, surroundings);
        return jwt.ok ? { ok: true, body: { role, jwt: new Secret(jwt.text) } } : jwt;
      },
    };
  }
  return {
    kind: 'log-in',
    mount,
    body: () => {
      const id = given('VAULT_SECRET_ID', surroundings);
      if (!id.ok) return id;
      return { ok: true, body: { role_id: role, secret_id: new Secret(id.text) } };
    },
  };
}

function tokenLogin(surroundings: Surroundings): VaultLogin | { readonly message: string } {
  const first = given('VAULT_TOKEN', surroundings);
  if (!first.ok) return first;
  const read = () => {
    const again = given('VAULT_TOKEN', surroundings);
    return again.ok ? again.text : null;
  };
  return { kind: 'token', token: changingToken(first.text, read) };
}

type Text = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

/** What a variable holds, or the file that the variable of the same name with `_FILE` names, which wins. */
function given(name: 'VAULT_TOKEN' | 'VAULT_SECRET_ID', surroundings: Surroundings): Text {
  const path = surroundings.environment[`${name}_FILE`] ?? '';
  if (path !== '') {
    const text = readText(path, surroundings);
    return text.ok ? text : { ok: false, message: `${name}_FILE: ${text.message}` };
  }
  const text = surroundings.environment[name]?.trim() ?? '';
  if (text !== '') return { ok: true, text };
  return { ok: false, message: `there is no credential for Vault: set ${name}, or ${name}_FILE to a file with it` };
}

function readText(path: string, { fileSystem }: Surroundings): Text {
  try {
    const text = new TextDecoder().decode(fileSystem.readFile(path)).trim();
    return text === '' ? { ok: false, message: `${path} is empty` } : { ok: true, text };
  } catch (error) {
    const failure = systemFailure(error);
    if (failure === null) throw error;
    return { ok: false, message: `${path} cannot be read: ${failure.message}` };
  }
}
