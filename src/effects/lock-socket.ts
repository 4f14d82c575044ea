import { connect, createServer, type Server } from 'node:net';
import { z } from 'zod';

const holderSchema = z.object({ pid: z.int(), since: z.string(), command: z.string() });

/** Who holds a lock, as it says itself on the socket; `since` is RFC 3339. */
export type LockHolder = z.output<typeof holderSchema>;

/**
 * - `dead`: the socket's process is gone, for ever.
 * - `gone`: there is no such socket.
 * - `alive`: somebody is there; `holder` is null when it does not say who.
 */
export type Probe = { readonly kind: 'dead' | 'gone' } | { readonly kind: 'alive'; readonly holder: LockHolder | null };

/** How long we wait for the answer of a process that is alive but may be stopped or busy. */
const answerTimeoutMs = 1_000;

/** Listens on a socket that answers every connection with the holder; it keeps no process alive. Rejects as node:net does. */
export function listenOn(path: string, holder: LockHolder): Promise<Server> {
  const server = createServer((socket) => {
    socket.unref();
    socket.on('error', () => socket.destroy());
    socket.end(JSON.stringify(holder), () => socket.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      // A connection that cannot be accepted is the other side's affair; the lock is held all the same.
      server.on('error', () => {});
      resolve(server.unref());
    });
  });
}

/** Asks a socket who holds it. Whatever cannot be told from a living holder counts as one. */
export function probe(path: string): Promise<Probe> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(path);
    const finish = (result: Probe): void => {
      socket.destroy();
      resolve(result);
    };
    const alive = (): void => finish({ kind: 'alive', holder: parseHolder(answer) });
    socket.setEncoding('utf8');
    socket.setTimeout(answerTimeoutMs, alive);
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.length > 4_096) alive();
    });
    socket.on('end', alive);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOTSOCK') finish({ kind: 'dead' });
      else if (error.code === 'ENOENT') finish({ kind: 'gone' });
      else alive();
    });
  });
}

function parseHolder(answer: string): LockHolder | null {
  try {
    return holderSchema.safeParse(JSON.parse(answer)).data ?? null;
  } catch {
    return null;
  }
}
