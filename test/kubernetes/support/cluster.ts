import type { TestProject } from 'vitest/node';
import { startApiServer } from '../../real/api-server.ts';

/** What a test may know of the API server that all files share. */
export interface Cluster {
  readonly url: string;
  readonly ca: string;
  readonly adminToken: string;
  readonly nobodyToken: string;
  readonly kubeconfig: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    cluster: Cluster;
  }
}

/** Vitest runs this once, before all files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startApiServer();
  const { url, ca, adminToken, nobodyToken, kubeconfig } = server;
  project.provide('cluster', { url, ca, adminToken, nobodyToken, kubeconfig });
  return () => server.stop();
}
