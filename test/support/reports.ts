import type { Problem } from '../../src/core/problem.ts';
import { type CustomerReport, type PassReport, reportWith, type StepReport } from '../../src/core/report.ts';

/** Hand-made reports: what the engine may say, without an engine. */

export const organizationId = 'org_d4e5f6a7-8b9c-4d0e-9f2a-3b4c5d6e7f80';

export function hashOf(digit: string): string {
  return `sha256:${digit.repeat(64)}`;
}

export function step(fields: Partial<StepReport> = {}): StepReport {
  return {
    action: 'change',
    resource: 'credit-config',
    name: 'cap',
    reason: 'cap differs from the file',
    at: { file: 'customers/acme-coffee.yaml', line: 9, column: 1 },
    before: { cap: 5000 },
    after: { cap: 12000 },
    credits: 0,
    ends: null,
    refillExposure: null,
    drift: false,
    blockedBy: null,
    outcome: 'planned',
    detail: null,
    ...fields,
  };
}

export function problem(fields: Partial<Problem> = {}): Problem {
  return {
    code: 'SecretMissing',
    severity: 'error',
    message: 'The secret of key "acme-integration" was never stored, and the API shows it only once.',
    next: 'Set `createdAfter` to the present time to replace the key.',
    at: { file: 'customers/acme-coffee.yaml', line: 13, column: 5 },
    requestId: null,
    ...fields,
  };
}

export function customer(fields: Partial<CustomerReport> = {}): CustomerReport {
  return {
    externalId: 'acme-coffee',
    file: 'customers/acme-coffee.yaml',
    organizationId,
    phase: 'Ready',
    steps: [],
    problems: [],
    approvalHash: null,
    credits: { declared: 5000, granted: 5000 },
    refillExposure: null,
    readInFull: true,
    ...fields,
  };
}

export function report(fields: Partial<PassReport> = {}): PassReport {
  return reportWith({ command: 'plan', requests: { read: 4, write: 0 }, ...fields });
}

export const newCustomerSteps: readonly StepReport[] = [
  step({
    action: 'create',
    resource: 'organization',
    name: null,
    reason: 'no organization carries this externalId',
    at: { file: 'customers/acme-coffee.yaml', line: 2, column: 1 },
    before: null,
    after: { name: 'Acme Coffee', billingEmail: 'ops@acme.example', metadata: { plan: 'growth' } },
  }),
  step({
    action: 'grant',
    resource: 'credits',
    name: null,
    reason: 'granted so far 0, declared 5,000',
    at: { file: 'customers/acme-coffee.yaml', line: 6, column: 1 },
    before: { granted: 0 },
    after: { granted: 5000 },
    credits: 5000,
  }),
  step({ at: { file: 'customers/acme-coffee.yaml', line: 7, column: 1 }, before: { cap: null }, after: { cap: 5000 } }),
  step({
    at: { file: 'customers/acme-coffee.yaml', line: 8, column: 1 },
    name: 'refill',
    reason: 'refill differs from the file',
    before: { refill: null },
    after: { refill: { threshold: 1000, amount: 2000 } },
    refillExposure: { creditsPerMonth: 6000 },
  }),
  step({
    action: 'mint',
    resource: 'api-key',
    name: 'acme-integration',
    reason: 'no key of this name was ever minted',
    at: { file: 'customers/acme-coffee.yaml', line: 10, column: 5 },
    before: null,
    after: { scopes: ['content:read', 'content:write'], env: 'live' },
  }),
];
