/** The events of the API's webhook catalog (integrations/webhooks); a create that names another one is refused. */
export const webhookEvents = [
  'job.completed',
  'job.failed',
  'job.canceled',
  'content.generated',
  'content.approved',
  'content.rejected',
  'post.scheduled',
  'post.published',
  'post.failed',
  'post.canceled',
  'social_account.connected',
  'social_account.needs_reauth',
  'social_account.revoked',
  'lease_request.assigned',
  'lease_request.rejected',
  'test.ping',
] as const;
