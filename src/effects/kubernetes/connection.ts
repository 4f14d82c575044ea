import type { Secret } from '../../core/secret.ts';

/** How to reach the API server of a cluster, and as whom. */
export interface KubernetesConnection {
  /** Scheme, host and port. https, or http on loopback, since the token travels with every request. */
  readonly origin: string;
  /** What stands before `/api` and `/apis`; empty, or `/k8s/clusters/c-1` behind a proxy of clusters. */
  readonly basePath: string;
  readonly tls: TlsSettings;
  /** Asked anew for each request: a service account's token is replaced every hour. Null sends none. */
  readonly token: () => Secret | null;
  /** Where our own objects belong unless somebody says otherwise. */
  readonly namespace: string;
  /** For people: `the service account of this pod`, `the context kind of /home/ada/.kube/config`. */
  readonly description: string;
}

interface TlsSettings {
  /** PEM of whoever signs the server's certificate; null trusts whom the system trusts. */
  readonly ca: string | null;
  /** The name that the certificate must carry where it is not the host's. */
  readonly serverName: string | null;
  readonly client: { readonly certificate: string; readonly key: Secret } | null;
}

export type ConnectionResult =
  | { readonly ok: true; readonly connection: KubernetesConnection }
  /** What is missing or wrong and what to do, for people; never a credential. */
  | { readonly ok: false; readonly message: string };

export type Origin =
  | { readonly ok: true; readonly origin: string; readonly basePath: string }
  | { readonly ok: false; readonly message: string };

/** The message never repeats the text, which may hold a password. */
export function parseServer(text: string): Origin {
  if (!URL.canParse(text)) return { ok: false, message: 'the server is not a URL' };
  const { protocol, hostname, origin, pathname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '') return { ok: false, message: 'the URL of the server holds a password' };
  if (search !== '' || hash !== '') return { ok: false, message: 'the URL of the server must end with its path' };
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback))
    return { ok: false, message: 'the server must be reached by https:// (http:// only on this machine)' };
  return { ok: true, origin, basePath: pathname.replace(/\/+$/, '') };
}
