import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/core/backoff.ts';
import { auditHourOf, createRound, nextAudit, stepMs } from '../../src/daemon/spread.ts';
import { sha256 } from '../../src/effects/chance.ts';

const fleet = Array.from({ length: 1_000 }, (_, index) => `customer-${String(index).padStart(4, '0')}`);
const HOUR_MS = 3_600_000;

describe('a round', () => {
  it('comes to each customer once, whoever joins or leaves on the way', () => {
    const round = createRound();
    expect(round.next(['a', 'c', 'e'])).toBe('a');
    expect(round.next(['a', 'b', 'c', 'e'])).toBe('b');
    expect(round.next(['a', 'b', 'e'])).toBe('e');
    expect(round.next(['a', 'b', 'e'])).toBeNull();
    expect(round.next(['a', 'b', 'e'])).toBe('a');
  });

  it.each([0, 0.5, 0.999])('is spread evenly over the interval, no two turns close together (random %d)', (random) => {
    const step = stepMs(600_000, 1_000, random);
    expect(step).toBeGreaterThanOrEqual(300);
    expect(step).toBeLessThan(900);
  });

  it('fills the interval on average', () => {
    const total = fleet.reduce((sum, _, index) => sum + stepMs(600_000, 1_000, index / 1_000), 0);
    expect(Math.abs(total - 600_000)).toBeLessThan(1_000);
  });

  it('of nobody waits the whole interval', () => {
    expect(stepMs(600_000, 0, 0.5)).toBe(600_000);
  });
});

describe('the audit', () => {
  const hours = Array.from({ length: 24 }, (_, hour) => fleet.filter((one) => auditHourOf(one, sha256) === hour));
  const dueIn = (hour: number) => hours[hour] ?? [];

  function auditsBetween(fromMs: number, toMs: number): Map<string, number> {
    const audits = new Map<string, number>();
    for (let at = fromMs; ; ) {
      const turn = nextAudit(at, dueIn);
      at = turn.atMs;
      if (at >= toMs) return audits;
      if (turn.externalId !== null) audits.set(turn.externalId, (audits.get(turn.externalId) ?? 0) + 1);
    }
  }

  it('comes to each of 1,000 customers exactly once in any 24 hours', () => {
    const from = Date.parse('2026-11-02T08:17:05.000Z');
    const audits = auditsBetween(from, from + 24 * HOUR_MS);
    expect(audits.size).toBe(1_000);
    expect(new Set(audits.values())).toEqual(new Set([1]));
  });

  it('takes about 1/24 of the fleet an hour, in no hour twice as many', () => {
    for (const due of hours) expect(due.length).toBeLessThan(1_000 / 12);
  });

  it('goes on after a restart where it was, since the time of day says whose turn it is', () => {
    const from = Date.parse('2026-11-02T08:00:00.000Z');
    const before = [...auditsBetween(from, from + 20 * 60_000).keys()];
    const after = [...auditsBetween(from + 20 * 60_000, from + HOUR_MS).keys()];
    expect(before.filter((one) => after.includes(one))).toEqual([]);
    expect([...before, ...after]).toEqual(hours[8]);
  });

  it('of an empty hour is the beginning of the next', () => {
    const at = Date.parse('2026-11-02T08:10:00.000Z');
    expect(nextAudit(at, () => [])).toEqual({ externalId: null, atMs: Date.parse('2026-11-02T09:00:00.000Z') });
  });
});

describe('the backoff', () => {
  it.each([
    { failures: 1, least: 1_000, most: 2_000 },
    { failures: 2, least: 1_000, most: 4_000 },
    { failures: 5, least: 1_000, most: 32_000 },
    { failures: 6, least: 1_000, most: 60_000 },
    { failures: 1_000, least: 1_000, most: 60_000 },
  ])('after $failures failures lies anywhere between $least and $most ms', ({ failures, least, most }) => {
    expect(backoffMs(failures, 0)).toBe(least);
    expect(backoffMs(failures, 0.999_999)).toBe(most);
    expect(backoffMs(failures, 0.5)).toBe((least + most) / 2);
  });
});
