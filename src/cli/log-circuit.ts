import type { Logger } from 'pino';
import type { CircuitEvent } from '../effects/layers/circuit.ts';

/** One line when the API goes away or switches us off, and one when that is over. */
export function logCircuit(log: Logger, event: CircuitEvent): void {
  const { reason, sinceMs } = event;
  const since = new Date(sinceMs).toISOString();
  if (event.kind === 'closed') {
    log.warn({ reason, since, lastedSeconds: Math.round(event.lastedMs / 1000) }, 'the API answers again');
    return;
  }
  const { code, message, requestId, lookEveryMs } = event;
  const fields = { reason, since, code, why: message, requestId, lookingAgainEverySeconds: lookEveryMs / 1000 };
  if (reason === 'outage') log.error(fields, 'the API does not answer; until it does, it is only looked at');
  else
    log.error(fields, 'the API key or its organization is switched off; until people end that, it is only looked at');
}
