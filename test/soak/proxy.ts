import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Seeded } from './seeded.ts';

/** What the network does to a connection; after Toxiproxy's toxics. */
export type Weather =
  | { readonly kind: 'calm' }
  /** Every piece waits, on the way there and on the way back. */
  | { readonly kind: 'delay'; readonly mostMs: number }
  /** Pieces arrive in slivers. */
  | { readonly kind: 'slice' }
  /** Requests wait on the way: they may arrive when their sender is long dead. */
  | { readonly kind: 'hold'; readonly mostMs: number }
  /** The n-th request, or its answer, meets a reset connection. */
  | { readonly kind: 'reset'; readonly nth: number; readonly at: 'request' | 'answer' };

/** Something that passed by, told before it is passed on. */
export interface Passing {
  readonly what: 'request' | 'answer';
  /** `POST /v1/organizations/<id>/credits/allocate`, ids left out. */
  readonly line: string;
  readonly isWrite: boolean;
}

export interface NetworkProxy {
  readonly url: string;
  /** Writes that were asked for and not answered yet. */
  readonly inFlight: ReadonlySet<string>;
  /** Connections made from here on meet this weather; `onPassing` is told of everything. */
  begin(weather: Weather, onPassing: (passing: Passing) => void): void;
  close(): Promise<void>;
}

/** A TCP proxy of our own between one writer and the sandbox. Loopback only. */
export async function openProxy(target: string, seeded: Seeded): Promise<NetworkProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const inFlight = new Set<string>();
  let weather: Weather = { kind: 'calm' };
  let onPassing: (passing: Passing) => void = () => {};
  const counts = { request: 0, answer: 0 };

  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    const own = weather;
    let line = '';
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      // Whoever resets it, the other side is told by what follows.
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    }
    const cut = () => {
      for (const socket of [client, upstream]) socket.resetAndDestroy();
    };
    const isCutBy = (what: Passing['what']) => own.kind === 'reset' && own.at === what && counts[what] === own.nth;
    carry(client, upstream, async (piece, pass) => {
      const head = /^(GET|POST|PATCH|DELETE) (\S+) HTTP\/1\.1\r\n/.exec(piece.toString('latin1'));
      if (head) {
        counts.request += 1;
        line = `${head[1]} ${withoutIds(head[2] ?? '')}`;
        const isWrite = head[1] !== 'GET';
        if (isWrite) inFlight.add(line);
        onPassing({ what: 'request', line, isWrite });
        if (isCutBy('request')) return cut();
        if (own.kind === 'hold' && isWrite) await sleep(seeded.between(0, own.mostMs));
      }
      await disturb(own, piece, pass, seeded);
    });
    carry(upstream, client, async (piece, pass) => {
      if (/^HTTP\/1\.1 \d/.test(piece.toString('latin1', 0, 12))) {
        counts.answer += 1;
        inFlight.delete(line);
        onPassing({ what: 'answer', line, isWrite: !line.startsWith('GET') });
        if (isCutBy('answer')) return cut();
      }
      await disturb(own, piece, pass, seeded);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${isAddress(address) ? address.port : 0}`,
    inFlight,
    begin(next, listener) {
      weather = next;
      onPassing = listener;
      counts.request = 0;
      counts.answer = 0;
      inFlight.clear();
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

type Pass = (piece: Buffer) => void;

/** Carries pieces in their order; what was read is still delivered when the sender is gone, as a network would. */
function carry(from: Socket, to: Socket, onPiece: (piece: Buffer, pass: Pass) => Promise<void>): void {
  let queue = Promise.resolve();
  const pass: Pass = (piece) => {
    if (!to.destroyed) to.write(piece);
  };
  from.on('data', (piece) => {
    const bytes = Buffer.isBuffer(piece) ? piece : Buffer.from(piece);
    queue = queue.then(() => onPiece(bytes, pass));
  });
  from.once('close', () => {
    queue = queue.then(() => {
      if (!to.destroyed) to.end();
    });
  });
}

async function disturb(weather: Weather, piece: Buffer, pass: Pass, seeded: Seeded): Promise<void> {
  if (weather.kind === 'delay') await sleep(seeded.between(0, weather.mostMs));
  if (weather.kind !== 'slice') return pass(piece);
  const size = Math.max(16, Math.ceil(piece.length / 12));
  for (let at = 0; at < piece.length; at += size) {
    pass(piece.subarray(at, at + size));
    await sleep(1);
  }
}

function isAddress(address: ReturnType<ReturnType<typeof createServer>['address']>): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function withoutIds(path: string): string {
  return path.replace(/\?.*$/, '').replace(/\b(org_|key_)?[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>');
}
