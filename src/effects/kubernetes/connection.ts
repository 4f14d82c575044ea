import type { Secret } from '../../core/secret.ts';
import type { TlsSettings } from '../deadline-request.ts';

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

export type ConnectionResult =
  | { readonly ok: true; readonly connection: KubernetesConnection }
  /** What is missing or wrong and what to do, for people; never a credential. */
  | { readonly ok: false; readonly message: string };
