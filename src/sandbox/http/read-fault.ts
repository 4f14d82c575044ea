import { readFields } from '../fields.ts';
import type { Fault, FaultRule } from '../state.ts';

interface Problem {
  readonly problem: string;
}

const KINDS = [
  'lost-request',
  'lost-answer',
  'error-before',
  'error-after',
  'rate-limited',
  'slow',
  'truncated-answer',
  'garbled-answer',
  'stale-listing',
  'redirect',
] as const;

/** Reads a fault that a person wrote: `{"kind": "slow", "ms": 2000}`. */
export function readFault(value: unknown): Fault | Problem {
  const fields = readFields(value);
  fields.require('kind');
  const kind = fields.choice('kind', KINDS);
  const status = fields.integer('status', 300);
  const seconds = fields.integer('retryAfterSeconds', 0);
  const ms = fields.integer('ms', 0) ?? 1000;
  const ageMs = fields.integer('ageMs', 0);
  const writes = fields.integer('writes', 0);
  const location = fields.text('location', { min: 1, max: 2048 });
  if (kind === undefined || fields.problems.length > 0) {
    return { problem: fields.problems.map(({ field, message }) => `${field} ${message}`).join('; ') };
  }
  if (kind === 'slow') return { kind, ms };
  if (kind === 'rate-limited') return { kind, ...(seconds !== undefined && { retryAfterSeconds: seconds }) };
  if (kind === 'stale-listing') {
    return { kind, ...(ageMs !== undefined && { ageMs }), ...(writes !== undefined && { writes }) };
  }
  if (kind === 'redirect') {
    return { kind, ...(status !== undefined && { status }), ...(location !== undefined && { location }) };
  }
  if (kind === 'error-before' || kind === 'error-after') return { kind, ...(status !== undefined && { status }) };
  return { kind };
}

/** Reads a rule: `{"match": {"method": "POST", "path": "/v1/organizations"}, "nth": 2, "times": 1, "fault": {…}}`. */
export function readFaultRule(value: unknown): FaultRule | Problem {
  const fields = readFields(value);
  fields.require('fault');
  const nth = fields.integer('nth', 1);
  const times = fields.integer('times', 1);
  const match = readFields(fields.sent('match') ? fields.raw('match') : {});
  const method = match.text('method', { min: 1, max: 10 });
  const path = match.text('path', { min: 1, max: 2048 });
  const problems = [...fields.problems, ...match.problems];
  if (problems.length > 0) return { problem: problems.map(({ field, message }) => `${field} ${message}`).join('; ') };
  const fault = readFault(fields.raw('fault'));
  if ('problem' in fault) return { problem: `fault: ${fault.problem}` };
  return {
    match: { ...(method !== undefined && { method }), ...(path !== undefined && { path }) },
    ...(nth !== undefined && { nth }),
    ...(times !== undefined && { times }),
    fault,
  };
}
