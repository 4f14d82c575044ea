import type { Problem } from '../../core/problem.ts';
import type { CustomerReport, Refusal, StepReport } from '../../core/report.ts';

/** What a visit came to. */
export type Visit =
  | { readonly kind: 'customer'; readonly report: CustomerReport }
  | {
      readonly kind: 'webhooks';
      readonly steps: readonly StepReport[];
      readonly problems: readonly Problem[];
      /** Over the blocked steps; null when none is blocked. */
      readonly approvalHash: string | null;
    }
  /** No usable file declares the customer: nothing is done, whatever the world looks like (I5, I9). */
  | { readonly kind: 'frozen' }
  /** Nobody can be visited now. */
  | { readonly kind: 'unavailable'; readonly refusal: Refusal; readonly retryAfterMs: number };
