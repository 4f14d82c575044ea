import type { Weather } from './proxy.ts';
import type { Seeded } from './seeded.ts';

/** Paths of the API that a run may stumble on, as the sandbox's fault rules name them. */
const PATHS = [
  '/v1/organizations',
  '/v1/organizations/*',
  '/v1/organizations/*/credits/allocate',
  '/v1/organizations/*/credits/events',
  '/v1/organizations/*/credit-config',
  '/v1/organizations/*/api-keys',
  '/v1/webhook-endpoints',
] as const;

/** A rule for the sandbox's control route `POST /__sandbox/faults`: what a real server may do to a request. */
export function randomFault(seeded: Seeded): object {
  const path = seeded.pick<string>(PATHS);
  const method = seeded.pick(['POST', 'PATCH', 'GET']);
  const kind = seeded.pick([
    'lost-answer',
    'lost-answer',
    'lost-request',
    'error-after',
    'error-before',
    'slow',
    'truncated-answer',
    'garbled-answer',
    'rate-limited',
    'stale-listing',
  ]);
  const detail = kind === 'slow' ? { ms: seeded.between(50, 1_500) } : kind === 'stale-listing' ? { writes: 2 } : {};
  return {
    match: { method, path },
    nth: seeded.between(1, 2),
    times: seeded.between(1, 2),
    fault: { kind, ...detail },
  };
}

export function randomWeather(seeded: Seeded): Weather {
  if (seeded.isHit(0.6)) return { kind: 'calm' };
  const kind = seeded.pick(['delay', 'slice', 'hold', 'reset']);
  if (kind === 'delay') return { kind, mostMs: seeded.between(5, 80) };
  if (kind === 'hold') return { kind, mostMs: seeded.between(100, 1_200) };
  if (kind === 'slice') return { kind };
  return { kind: 'reset', nth: seeded.between(1, 14), at: seeded.pick(['request', 'answer']) };
}
