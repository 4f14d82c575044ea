import type { Step } from '../../core/plan.ts';
import { configShows, creditConfigPatch } from '../../core/resources/credit-config.ts';
import type { CustomerRun, StepResult } from '../customer-run.ts';
import { patchAndReadBack } from '../patch.ts';

/** Sends the planned cap and refill in one PATCH (design 3). */
export function executeLimits(run: CustomerRun, steps: readonly Step[]): Promise<StepResult> {
  const patch = creditConfigPatch(Object.assign({}, ...steps.map(({ after }) => after)));
  return patchAndReadBack(run, {
    step: 'change-limits',
    doing: 'Changing the limits',
    pointer: `/${steps[0]?.name ?? 'cap'}`,
    body: patch,
    send: (writer, organizationId, key) => writer.patchCreditConfig(organizationId, patch, key),
    shows: ({ summary }) => configShows(summary.creditConfig, patch),
  });
}
