import { isAllowedWebhookHost, webhookHost } from './declaration/webhook-url.ts';
import type { GuardsDeclaration, WebhookDeclaration } from './declaration/workspace.ts';
import type { Notices } from './notice.ts';
import type { Fields, Step } from './plan.ts';
import type { Problem } from './problem.ts';

/** A step of one of the fleet's endpoints. */
export interface WebhookStep {
  readonly declared: WebhookDeclaration;
  /** Where it is declared, as a pointer into reconcile.yaml. */
  readonly pointer: string;
  readonly step: Step;
}

/**
 * A URL decides where every customer's events go, so what is done to an endpoint with a foreign one is held back, all but
 * what ends or pauses the sending.
 */
export function judgeWebhook({ declared, step }: WebhookStep, guards: GuardsDeclaration): Step {
  if (guards.freeze) return { ...step, blockedBy: 'freeze' };
  const allowed = guards.allowedWebhookHosts;
  const isAllowed = allowed === undefined || isAllowedWebhookHost(declared.url, allowed);
  const sendsLess = step.action === 'remove' || (isOnly(step.after, 'state') && step.after?.['state'] === 'paused');
  return isAllowed || sendsLess ? step : { ...step, blockedBy: 'allowedWebhookHosts' };
}

/** What there is to say of endpoints that stay held back. */
export function blockedWebhooks(
  webhooks: readonly WebhookStep[],
  judged: readonly Step[],
  notices: Notices,
): Problem[] {
  return webhooks
    .filter((_, index) => judged[index]?.blockedBy === 'allowedWebhookHosts')
    .map(({ declared, pointer }) =>
      notices.problem(
        `${pointer}/url`,
        'warning',
        'GuardBlocked',
        `Webhook "${declared.name}" would send every customer's events to ${webhookHost(declared.url)}, which is not an allowed host.`,
        {
          next: 'To allow it once, approve the printed hash; to allow it always, add the host to `guards.allowedWebhookHosts`.',
        },
      ),
    );
}

function isOnly(fields: Fields | null, field: string): boolean {
  return Object.keys(fields ?? {}).join() === field;
}
