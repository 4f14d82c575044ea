import { dirname, resolve } from 'node:path';
import { chooseFromKubeconfigs, type KubeconfigChoice, readKubeconfig } from '../../core/kubeconfig.ts';
import { Secret } from '../../core/secret.ts';
import { changingToken } from '../changing-token.ts';
import { systemFailure } from '../errno.ts';
import type { FileSystem } from '../filesystem.ts';
import { parseServer } from '../server-address.ts';
import type { ConnectionResult } from './connection.ts';

type Files = Pick<FileSystem, 'readFile' | 'stat'>;

/** Larger than any kubeconfig; a wrong path must not be read whole. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** The current context of one kubeconfig, or of several as `KUBECONFIG` lists them. Files that do not exist are skipped there. */
export function kubeconfigConnection(paths: readonly string[], fileSystem: Files): ConnectionResult {
  const configs = [];
  for (const path of paths) {
    const text = readText(path, fileSystem);
    if (!text.ok && text.isMissing && paths.length > 1) continue;
    if (!text.ok) return { ok: false, message: `${path} cannot be read: ${text.message}.` };
    const config = readKubeconfig(path, text.text);
    if (!config.ok) return config;
    configs.push(config.value);
  }
  if (configs.length === 0) return { ok: false, message: `None of these kubeconfigs exists: ${paths.join(', ')}.` };
  const choice = chooseFromKubeconfigs(configs);
  return choice.ok ? connectionOf(choice.value, fileSystem) : choice;
}

/** What we cannot do is refused with a way out, never done halfway: a token must not reach a server that nobody checked. */
function refusalOf({ cluster: { says: cluster }, user }: KubeconfigChoice): string | null {
  if (cluster.server === undefined) return 'its cluster has no server';
  if (cluster['insecure-skip-tls-verify'] === true)
    return 'insecure-skip-tls-verify would hand the token to whoever answers; give the CA as certificate-authority-data';
  if (cluster['proxy-url'] !== undefined)
    return 'proxy-url is not supported; run `kubectl proxy` and name its address as the server';
  const says = user?.says ?? {};
  const helper = says.exec ? 'an exec plugin' : says['auth-provider'] ? 'an auth provider' : null;
  const hasOther = says.token ?? says.tokenFile ?? says['client-certificate'] ?? says['client-certificate-data'];
  if (helper !== null && hasOther === undefined)
    return (
      `its user logs in by ${helper}, which reconcile does not run. Start \`kubectl proxy\` and use a kubeconfig with ` +
      'its address (server: http://127.0.0.1:8001), or a token (kubectl create token <service account>)'
    );
  if (says.username !== undefined && hasOther === undefined)
    return 'its user has a password, which no API server accepts any more; use a token or a client certificate';
  return null;
}

function connectionOf(choice: KubeconfigChoice, fileSystem: Files): ConnectionResult {
  const { cluster, user, context } = choice;
  const description = `the context ${context} of ${cluster.file}`;
  const refuse = (why: string): ConnectionResult => ({ ok: false, message: `${description} cannot be used: ${why}.` });
  const refusal = refusalOf(choice);
  if (refusal !== null) return refuse(refusal);
  const server = parseServer(cluster.says.server ?? '');
  if (!server.ok) return refuse(server.message);
  const who = user?.says ?? {};
  const [clusterFile, userFile] = [cluster.file, user?.file ?? cluster.file];
  const pem = (data: string | undefined, path: string | undefined, file: string): Pem =>
    readPem(data, path === undefined ? undefined : resolve(dirname(file), path), fileSystem);
  const ca = pem(cluster.says['certificate-authority-data'], cluster.says['certificate-authority'], clusterFile);
  const certificate = pem(who['client-certificate-data'], who['client-certificate'], userFile);
  const key = pem(who['client-key-data'], who['client-key'], userFile);
  for (const one of [ca, certificate, key]) if (!one.ok) return refuse(one.message);
  if (!ca.ok || !certificate.ok || !key.ok) return refuse('its certificates cannot be read');
  if ((certificate.text === null) !== (key.text === null))
    return refuse('a client certificate and its key belong together, and one of them is missing');
  const token = tokenOf(
    who.token,
    who.tokenFile === undefined ? null : resolve(dirname(userFile), who.tokenFile),
    fileSystem,
  );
  if (!token.ok) return refuse(token.message);
  return {
    ok: true,
    connection: {
      origin: server.origin,
      basePath: server.basePath,
      tls: {
        ca: ca.text,
        serverName: cluster.says['tls-server-name'] ?? null,
        client:
          certificate.text === null || key.text === null
            ? null
            : { certificate: certificate.text, key: new Secret(key.text) },
      },
      token: token.token,
      namespace: choice.namespace ?? 'default',
      description,
    },
  };
}

type Text =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string; readonly isMissing: boolean };

function readText(path: string, fileSystem: Files): Text {
  try {
    const { kind, size } = fileSystem.stat(path);
    if (kind !== 'file') return { ok: false, message: 'it is not a regular file', isMissing: false };
    if (size > FILE_BYTES_MAX) return { ok: false, message: 'it is far too large', isMissing: false };
    return { ok: true, text: new TextDecoder().decode(fileSystem.readFile(path)) };
  } catch (error) {
    const failure = systemFailure(error);
    if (failure === null) throw error;
    return { ok: false, message: failure.message, isMissing: failure.code === 'ENOENT' };
  }
}

type Pem = { readonly ok: true; readonly text: string | null } | { readonly ok: false; readonly message: string };

/** What stands in the kubeconfig itself wins over a file that it names. */
function readPem(data: string | undefined, path: string | undefined, fileSystem: Files): Pem {
  if (data !== undefined) return { ok: true, text: Buffer.from(data, 'base64').toString('utf8') };
  if (path === undefined) return { ok: true, text: null };
  const text = readText(path, fileSystem);
  return text.ok ? text : { ok: false, message: `${path} cannot be read: ${text.message}` };
}

type Token =
  | { readonly ok: true; readonly token: () => Secret | null }
  | { readonly ok: false; readonly message: string };

function tokenOf(literal: string | undefined, path: string | null, fileSystem: Files): Token {
  if (path === null) {
    const token = literal === undefined ? null : new Secret(literal);
    return { ok: true, token: () => token };
  }
  const first = readText(path, fileSystem);
  if (!first.ok) return { ok: false, message: `${path} cannot be read: ${first.message}` };
  const read = () => {
    const again = readText(path, fileSystem);
    return again.ok ? again.text : null;
  };
  return { ok: true, token: changingToken(first.text, read) };
}
