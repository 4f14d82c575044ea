import type { Dispatcher } from 'undici';
import type { WireAnswer } from './transport.ts';

/** The whole answer as text, of at most so many bytes; rejects when it ends early. */
export async function readResponse(response: Dispatcher.ResponseData, bytesMax: number): Promise<WireAnswer> {
  const { body, statusCode: status } = response;
  // Destroying a body that is not read to its end emits an error that nobody else waits for.
  body.on('error', () => {});
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early destroys the body and its connection: an endless answer is cut off, not drained.
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.length;
    if (size > bytesMax) return badAnswer(status, `its body is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  const text = decodeUtf8(chunks);
  if (text === null) return badAnswer(status, 'its body is not UTF-8 text');
  return { kind: 'response', status, headers: joinHeaders(response.headers), body: text };
}

function badAnswer(status: number, why: string): WireAnswer {
  const message = `The server answered ${status}, but ${why}.`;
  return { kind: 'failure', certainty: 'unknown', code: 'BAD_ANSWER', message };
}

function decodeUtf8(chunks: readonly Uint8Array[]): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return null;
  }
}

function joinHeaders(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
