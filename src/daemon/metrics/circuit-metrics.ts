import type { CircuitEvent, CircuitReason } from '../../effects/layers/circuit.ts';
import type { Instruments } from './instruments.ts';

const reasons = ['outage', 'switched-off'] as const satisfies readonly CircuitReason[];

/** Whether anything is sent at all. */
export function createCircuitMetrics({ gauge }: Instruments): (event: CircuitEvent) => void {
  const open = gauge(
    'api_circuit_open',
    'Whether nothing is sent to the Layers API: because it does not answer, or because it has switched us off.',
    ['reason'],
  );
  for (const reason of reasons) open.set({ reason }, 0);
  return ({ kind, reason }) => open.set({ reason }, kind === 'opened' ? 1 : 0);
}
