import { createServer } from 'node:http';
import type { Logger } from 'pino';
import type { ListenAddress } from '../core/declaration/listen-address.ts';

export interface Probes {
  /** A pass ended; `begun` is false when it could not even begin. */
  notePass(begun: boolean): void;
  close(): Promise<void>;
}

/**
 * `/livez` answers as long as the process does; `/readyz` once a pass has begun and the last one could begin, so that a
 * wrong token or an unreachable API is seen from outside. Rejects when the address is taken.
 */
export async function listenForProbes(address: ListenAddress, log: Logger): Promise<Probes> {
  let ready = false;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const known = path === '/livez' || path === '/readyz';
    const status = known ? (path === '/livez' || ready ? 200 : 503) : 404;
    response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(status === 200 ? 'ok\n' : known ? 'not ready\n' : 'not found\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  log.info({ host: address.host, port: address.port }, 'probes listening');
  return {
    notePass: (begun) => {
      ready = begun;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
