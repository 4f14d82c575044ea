import type { PassReport } from '../../../src/core/report.ts';
import { customer, hashOf, newCustomerSteps, organizationId, problem, report, step } from '../../support/reports.ts';

/** Each is printed to test/golden/<name>.txt, validated as JSON, and judged for its exit code. */
export const scenarios: Readonly<Record<string, PassReport>> = {
  'plan-new-customer': report({
    customers: [
      customer({
        organizationId: null,
        phase: 'Progressing',
        steps: newCustomerSteps,
        refillExposure: { creditsPerMonth: 6000 },
      }),
      customer({ externalId: 'birch-books', file: 'customers/birch-books.yaml' }),
    ],
    planHash: hashOf('a'),
    parentWallet: { before: 1_000_000, after: 995_000 },
  }),
  'apply-with-troubles': report({
    command: 'apply',
    customers: [
      customer({
        phase: 'Held',
        steps: newCustomerSteps.map((each, index) =>
          index === 0
            ? { ...each, outcome: 'done', detail: organizationId }
            : index === 1
              ? { ...each, outcome: 'in-doubt', detail: 'No answer came, and the ledger could not be read.' }
              : { ...each, outcome: 'not-started', detail: 'The credits come first.' },
        ),
        problems: [
          problem({
            code: 'GrantInDoubt',
            severity: 'doubt',
            message: 'It is not known whether 5,000 credits were granted: the ledger could not be read back.',
            next: null,
            at: { file: 'customers/acme-coffee.yaml', line: 6, column: 1 },
            requestId: 'req_01HZY3V8Q4W6T2N9B7K5M1C0XD',
          }),
        ],
      }),
      customer({
        externalId: 'birch-books',
        file: 'customers/birch-books.yaml',
        phase: 'Stalled',
        steps: [
          step({
            at: { file: 'customers/birch-books.yaml', line: 6, column: 1 },
            outcome: 'failed',
            detail: '422 VALIDATION: The cap is above the limit of the plan.',
          }),
        ],
      }),
    ],
    planHash: hashOf('b'),
    parentWallet: { before: 1_000_000, after: 1_000_000 },
    requests: { read: 9, write: 3 },
  }),
  'plan-blocked-by-guard': report({
    customers: [
      customer({
        phase: 'Stalled',
        approvalHash: hashOf('c'),
        steps: [
          step({
            action: 'grant',
            resource: 'credits',
            name: null,
            reason: 'granted so far 5,000, declared 250,000',
            at: { file: 'customers/acme-coffee.yaml', line: 6, column: 1 },
            before: { granted: 5000 },
            after: { granted: 250_000 },
            credits: 245_000,
            blockedBy: 'maxGrant',
            outcome: 'blocked',
          }),
          step({
            action: 'change',
            resource: 'credit-config',
            name: 'refill',
            reason: 'refill differs from the file',
            before: { refill: { threshold: 100, amount: 2000 } },
            after: { refill: { threshold: 10_000, amount: 2000 } },
            credits: 2000,
          }),
        ],
      }),
    ],
    fleet: {
      approvalHash: null,
      steps: [],
      problems: [
        problem({
          code: 'GuardBlocked',
          severity: 'warning',
          message: '245,000 credits wait to be granted, above the limit of 50,000 at once.',
          next: 'To allow it once, approve the printed hash; to allow it always, change `guards.maxGrant` (now 50000).',
          at: { file: 'reconcile.yaml', line: 12, column: 3 },
        }),
      ],
    },
    planHash: hashOf('d'),
    parentWallet: { before: 1_000_000, after: 998_000 },
  }),
  'plan-archive': report({
    customers: [
      customer({
        phase: 'Progressing',
        steps: [
          step({
            action: 'suspend',
            resource: 'organization',
            name: null,
            reason: 'an archive begins with a suspension',
            at: { file: 'customers/acme-coffee.yaml', line: 5, column: 1 },
            before: null,
            after: { state: 'suspended' },
          }),
          step({
            action: 'archive',
            resource: 'organization',
            name: null,
            reason: 'declared `state: archived`; it cannot be undone',
            at: { file: 'customers/acme-coffee.yaml', line: 5, column: 1 },
            before: null,
            after: { state: 'archived' },
            ends: { afterHours: 0, keys: 2, lastUsedAt: '2026-06-03T19:02:41.004Z', creditsBack: 4880, creditsLost: 0 },
          }),
        ],
      }),
      customer({
        externalId: 'birch-books',
        file: 'customers/birch-books.yaml',
        refillExposure: { creditsPerMonth: null },
      }),
      customer({
        externalId: 'cedar',
        file: 'customers/cedar.yaml',
        steps: [step({ at: { file: 'customers/cedar.yaml', line: 6, column: 1 } })],
        refillExposure: { creditsPerMonth: 14_000 },
      }),
    ],
    planHash: hashOf('7'),
  }),
  'plan-changed-outside': report({
    customers: [
      customer({
        steps: [
          step({ reason: 'cap was changed outside of this file', drift: true }),
          step({
            action: 'change',
            resource: 'organization',
            name: null,
            reason: 'name, metadata.plan differs from the file',
            at: { file: 'customers/acme-coffee.yaml', line: 3, column: 1 },
            before: { name: 'Acme', 'metadata.plan': 'starter' },
            after: { name: 'Acme Coffee', 'metadata.plan': 'growth' },
          }),
        ],
        problems: [
          problem({
            code: 'UndeclaredKey',
            severity: 'warning',
            message: 'The key "laptop" (lp_live_ABCDEFGHJKMNPQRS) is declared nowhere; it is left alone.',
            next: null,
            at: { file: 'customers/acme-coffee.yaml', line: 10, column: 1 },
          }),
        ],
      }),
    ],
    fleet: {
      approvalHash: null,
      steps: [
        step({
          action: 'create',
          resource: 'webhook',
          name: 'firehose',
          reason: 'no endpoint of this name was ever made',
          at: { file: 'reconcile.yaml', line: 5, column: 5 },
          before: null,
          after: {
            url: 'https://hooks.partner.example/layers',
            events: ['content.generated', 'post.published', 'post.failed', 'generation.completed'],
            scope: 'all_children',
          },
        }),
      ],
      problems: [],
    },
    planHash: hashOf('e'),
  }),
  'plan-only-changed-outside': report({
    customers: [
      customer({ steps: [step({ reason: 'cap was changed outside of this file', drift: true })] }),
      customer({
        externalId: 'birch-books',
        file: 'customers/birch-books.yaml',
        steps: [
          step({
            action: 'suspend',
            resource: 'organization',
            name: null,
            reason: 'somebody resumed it, and `state: suspended` is declared',
            at: { file: 'customers/birch-books.yaml', line: 5, column: 1 },
            before: null,
            after: { state: 'suspended' },
            drift: true,
          }),
        ],
      }),
    ],
    planHash: hashOf('5'),
  }),
  'plan-raise': report({
    customers: [
      customer({
        steps: [
          step({
            action: 'grant',
            resource: 'credits',
            name: null,
            reason: '5,000 of 8,000 were granted',
            at: { file: 'customers/acme-coffee.yaml', line: 6, column: 1 },
            before: { granted: 5000 },
            after: { granted: 8000 },
            credits: 3000,
          }),
        ],
        refillExposure: { creditsPerMonth: 6000 },
      }),
      customer({ externalId: 'birch-books', file: 'customers/birch-books.yaml', readInFull: false }),
    ],
    planHash: hashOf('4'),
    parentWallet: { before: 995_000, after: 992_000 },
  }),
  'plan-keys-that-end': report({
    customers: [
      customer({
        steps: [
          step({
            action: 'rotate',
            resource: 'api-key',
            name: 'acme-integration',
            reason: '`createdAfter` is later than the key',
            at: { file: 'customers/acme-coffee.yaml', line: 10, column: 5 },
            before: null,
            after: null,
            ends: { keys: 1, afterHours: 24, lastUsedAt: '2026-06-03T19:02:41.004Z', creditsBack: 0, creditsLost: 0 },
          }),
          step({
            action: 'revoke',
            resource: 'api-key',
            name: 'legacy',
            reason: 'declared `state: revoked`',
            at: { file: 'customers/acme-coffee.yaml', line: 13, column: 5 },
            before: null,
            after: null,
            ends: { keys: 1, afterHours: 0, lastUsedAt: null, creditsBack: 0, creditsLost: 0 },
          }),
        ],
      }),
    ],
    planHash: hashOf('3'),
  }),
  'apply-fleet-interrupted': report({
    command: 'apply',
    customers: Array.from({ length: 14 }, (_, index) => {
      const externalId = `customer-${String(index + 1).padStart(2, '0')}`;
      const file = `customers/${externalId}.yaml`;
      const outcome = index === 0 ? 'done' : 'not-started';
      return customer({
        externalId,
        file,
        phase: index === 0 ? 'Ready' : 'Progressing',
        steps: [
          step({
            action: 'grant',
            resource: 'credits',
            name: null,
            reason: 'nothing was granted yet',
            at: { file, line: 3, column: 1 },
            before: { granted: 0 },
            after: { granted: 5000 },
            credits: 5000,
            outcome,
          }),
          step({ at: { file, line: 4, column: 1 }, outcome }),
        ],
      });
    }),
    planHash: hashOf('2'),
    parentWallet: { before: 1_000_000, after: 995_000 },
    interrupted: true,
  }),
  'plan-broken-file': report({
    customers: [customer()],
    brokenFiles: [
      {
        file: 'customers/cedar.yaml',
        externalId: 'cedar',
        problems: [
          {
            file: 'customers/cedar.yaml',
            line: 3,
            column: 1,
            code: 'UnknownField',
            message: '"bilingEmail" is not a field of a customer.',
            hint: 'Did you mean billingEmail?',
            frame: '  2 | name: Cedar\n> 3 | bilingEmail: a@cedar.example\n    | ^',
          },
        ],
      },
    ],
  }),
  'plan-offline': report({
    estimate: true,
    customers: [
      customer({
        readInFull: false,
        steps: [
          step({
            before: null,
            reason: 'the file is not what was recorded; whether this differs is not known offline',
          }),
        ],
      }),
      customer({ externalId: 'birch-books', readInFull: false }),
    ],
    planHash: hashOf('8'),
    requests: { read: 0, write: 0 },
  }),
  'plan-nothing-to-do': report({ customers: [customer(), customer({ externalId: 'birch-books' })] }),
  'plan-mostly-recorded': report({
    customers: [customer(), customer({ externalId: 'birch-books', readInFull: false })],
  }),
  'apply-interrupted': report({
    command: 'apply',
    customers: [
      customer({ phase: 'Progressing', steps: [step({ outcome: 'done' }), step({ outcome: 'not-started' })] }),
    ],
    planHash: hashOf('f'),
    interrupted: true,
  }),
  'plan-stale-approval': report({
    customers: [customer({ steps: [step()] })],
    planHash: hashOf('9'),
    staleApprovals: [hashOf('0')],
  }),
  'refused-not-bound': report({
    command: 'apply',
    refused: {
      kind: 'cannot-run',
      code: 'NotBound',
      message: 'This workspace is not bound to a parent organization yet. The API key belongs to Partner Inc.',
      next: 'Run `reconcile init`, or add these lines to reconcile.yaml:\n\nparentOrganizationId: org_1\napiKeyId: key_1\n',
      requestId: null,
      problems: [],
    },
  }),
};
