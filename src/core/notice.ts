import type { Ending, Fields, ResourceKind, Step, StepAction } from './plan.ts';
import type { Problem, Severity } from './problem.ts';
import { locate, type SourceLocation } from './source.ts';

/** Makes steps and problems that point into the file whose declaration asks for them. */
export interface Notices {
  at(pointer: string): SourceLocation;
  step(pointer: string, step: StepDraft): Step;
  problem(pointer: string, severity: Severity, code: string, message: string, extra?: ProblemExtra): Problem;
}

export interface StepDraft {
  readonly action: StepAction;
  readonly resource: ResourceKind;
  readonly reason: string;
  readonly name?: string;
  readonly before?: Fields | null;
  readonly after?: Fields | null;
  readonly credits?: number;
  readonly ends?: Ending | null;
  readonly drift?: boolean;
}

export interface ProblemExtra {
  readonly next?: string | null;
  readonly requestId?: string | null | undefined;
}

export function noticesFor(source: Parameters<typeof locate>[0]): Notices {
  const at = (pointer: string) => locate(source, pointer);
  return {
    at,
    step: (pointer, draft) => ({
      name: null,
      before: null,
      after: null,
      credits: 0,
      ends: null,
      refillExposure: null,
      drift: false,
      blockedBy: null,
      ...draft,
      at: at(pointer),
    }),
    problem: (pointer, severity, code, message, extra = {}) => ({
      code,
      severity,
      message,
      next: extra.next ?? null,
      at: at(pointer),
      requestId: extra.requestId ?? null,
    }),
  };
}
