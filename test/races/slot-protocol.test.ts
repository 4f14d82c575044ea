import { describe, expect, it } from 'vitest';
import { exploreProtocol, type Protocol } from './slot-protocol.ts';

const bounds: Protocol = {
  window: 4,
  stale: 1,
  life: 2,
  ticks: 5,
  sends: 3,
  specs: [2],
  key: 'slot',
  readsBack: true,
};

describe('two writers, every state within the bounds', () => {
  it.each([
    { reason: 'one amount', change: {} },
    { reason: 'raised while a grant travels', change: { specs: [1, 2], ticks: 4 } },
    { reason: 'lowered while a grant travels', change: { specs: [2, 1], ticks: 4 } },
    { reason: 'raised, then lowered', change: { specs: [1, 3, 2], ticks: 3 } },
  ])('never grant more than was ever declared: $reason', ({ change }) => {
    const { overGrant, states } = exploreProtocol({ ...bounds, ...change });
    expect(overGrant).toBeNull();
    expect(states).toBeGreaterThan(1_000);
  });

  it.each([
    { reason: 'a key that is new for every attempt', change: { key: 'random' } as const },
    {
      reason: 'a key made from the target, raised while a grant travels',
      change: { key: 'target', specs: [1, 2] } as const,
    },
    { reason: 'no look at the ledger, after the window', change: { readsBack: false, ticks: 6 } },
    { reason: 'reads and requests that together outlive the window', change: { stale: 3, ticks: 7 } },
  ])('are seen to pay twice with $reason', ({ change }) => {
    expect(exploreProtocol({ ...bounds, ...change }).overGrant).not.toBeNull();
  });
});
