import type { Step } from '../core/plan.ts';
import type { StepOutcome } from '../core/report.ts';

/** What happens while a pass runs, for progress lines and logs. Carries nothing secret. */
export type ProgressEvent =
  | { readonly kind: 'planning'; readonly customers: number }
  | { readonly kind: 'step-started'; readonly customer: string | null; readonly step: Step }
  | {
      readonly kind: 'step-ended';
      readonly customer: string | null;
      readonly step: Step;
      readonly outcome: StepOutcome;
    }
  /** A step waits before it asks or sends again. */
  | { readonly kind: 'waiting'; readonly customer: string | null; readonly why: string; readonly ms: number }
  | { readonly kind: 'journal-failed'; readonly message: string }
  | { readonly kind: 'status-failed'; readonly customer: string | null; readonly message: string };
