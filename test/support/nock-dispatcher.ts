import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { Dispatcher } from 'undici';

/**
 * Carries undici's requests over node:http, where nock can see them: nock 14 does not see undici.request, and a test
 * that believes it does reaches the real network. See docs/decisions/0002-nock-meets-undici.md.
 *
 * It carries what our transport uses and refuses the rest. It stands in for undici's pool and parser, so what those do
 * is shown by the tests over a loopback server, not by the tests that use this.
 */
export class NockDispatcher extends Dispatcher {
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const origin = new URL(String(options.origin));
    const agent = origin.protocol === 'https:' ? https : http;
    let ended = false;
    const fail = (error: Error): void => {
      if (ended) return;
      ended = true;
      request.destroy();
      handler.onError?.(error);
    };
    const request = agent.request({
      protocol: origin.protocol,
      hostname: origin.hostname,
      port: origin.port,
      // The path as it was given: a URL would tidy it.
      path: options.path,
      method: options.method,
      headers: plainHeaders(options.headers),
    });
    request.on('error', fail);
    request.on('response', (response) => relay(response, handler, fail, () => ended));
    handler.onConnect?.((reason) => fail(reason ?? new Error('aborted')));
    if (!ended) sendBody(request, options.body, fail);
    return true;
  }
}

function relay(
  response: http.IncomingMessage,
  handler: Dispatcher.DispatchHandler,
  fail: (error: Error) => void,
  hasEnded: () => boolean,
): void {
  const rawHeaders = response.rawHeaders.map((text) => Buffer.from(text, 'latin1'));
  handler.onHeaders?.(response.statusCode ?? 0, rawHeaders, () => response.resume(), response.statusMessage ?? '');
  response.on('error', fail);
  response.on('data', (chunk: Buffer) => {
    if (!hasEnded() && handler.onData?.(chunk) === false) response.pause();
  });
  response.on('end', () => {
    if (!hasEnded()) handler.onComplete?.([]);
  });
}

function sendBody(
  request: http.ClientRequest,
  body: Dispatcher.DispatchOptions['body'],
  fail: (error: Error) => void,
): void {
  if (body === null || body === undefined) {
    request.end();
  } else if (body instanceof Readable) {
    body.on('error', fail);
    body.pipe(request);
  } else if (typeof body === 'string' || body instanceof Uint8Array) {
    request.end(body);
  } else {
    fail(new TypeError('This dispatcher carries text, bytes and streams.'));
  }
}

function plainHeaders(headers: Dispatcher.DispatchOptions['headers']): http.OutgoingHttpHeaders {
  if (headers === null || headers === undefined) return {};
  if (Array.isArray(headers) || Symbol.iterator in headers)
    throw new TypeError('This dispatcher takes headers as an object.');
  return headers;
}
