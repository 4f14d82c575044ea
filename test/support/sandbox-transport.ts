import type { Transport, WireRequest } from '../../src/effects/layers/transport.ts';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** The client's door to a sandbox in the same process: real requests and answers, no socket. */
export function sandboxTransport(sandbox: Sandbox, onRequest?: (request: WireRequest) => void): Transport {
  return {
    async send(request) {
      onRequest?.(request);
      try {
        request.fence?.();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { kind: 'failure', certainty: 'nothing-sent', code: 'STALE_INTENT', message };
      }
      const { method, path, headers, body } = request;
      const lowerCase = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      const answer = sandbox.handle({ method, path, headers: lowerCase, ...(body === undefined ? {} : { body }) });
      if (answer.kind === 'response') return answer;
      const message = answer.kind === 'none' ? 'the connection was reset' : 'the answer broke off';
      return { kind: 'failure', certainty: 'unknown', code: 'NETWORK', message };
    },
  };
}
