import { createServer, type Server } from 'node:http';
import type { Logger } from 'pino';
import type { ListenAddress } from '../core/declaration/listen-address.ts';
import type { DaemonEvent, Observer } from './observer.ts';

/** What probes tell from outside. */
export interface Readiness {
  readonly observe: Observer;
  isReady(): boolean;
}

/**
 * Ready once the files could be used and the API says who we are and what there is, so that a wrong token or an
 * unreachable API is seen from outside; a standby is ready when it could begin at once.
 */
export function createReadiness(): Readiness {
  let canUseFiles = false;
  let canVisit = true;
  let isWaiting = true;
  return {
    observe(event: DaemonEvent) {
      if (event.kind === 'declarations-loaded') canUseFiles = true;
      if (event.kind === 'declarations-failed') canUseFiles = false;
      if (event.kind === 'view-refreshed') canVisit = true;
      if (event.kind === 'view-failed') canVisit = false;
      if (event.kind !== 'leadership') return;
      isWaiting = event.state === 'waiting';
      canVisit = isWaiting;
    },
    isReady: () => canUseFiles && (isWaiting || canVisit),
  };
}

export interface Probes {
  /** Answers there from now on, and nowhere else; null for nowhere. Rejects when the address is taken. */
  follow(address: ListenAddress | null): Promise<void>;
  close(): Promise<void>;
}

/** `/livez` answers as long as the process does, `/readyz` with 200 while it is ready. */
export function createProbes(isReady: () => boolean, log: Logger): Probes {
  let open: { readonly server: Server; readonly address: ListenAddress } | null = null;

  async function close(): Promise<void> {
    const { server } = open ?? {};
    open = null;
    if (!server) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  return {
    async follow(address) {
      if (open?.address.host === address?.host && open?.address.port === address?.port) return;
      await close();
      if (address === null) return;
      const server = createServer((request, response) => {
        const path = request.url?.split('?')[0];
        const known = path === '/livez' || path === '/readyz';
        const status = known ? (path === '/livez' || isReady() ? 200 : 503) : 404;
        response.writeHead(status, { 'content-type': 'text/plain' });
        response.end(status === 200 ? 'ok\n' : known ? 'not ready\n' : 'not found\n');
      });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address.port, address.host, resolve);
      });
      open = { server, address };
      log.info({ host: address.host, port: address.port }, 'probes listening');
    },
    close,
  };
}
