import type { Whoami } from '../core/api.ts';
import { normalizedId } from '../core/inventory.ts';
import type { Refusal } from '../core/report.ts';
import type { SourcedWorkspace } from '../core/source.ts';

/**
 * Binds a workspace to one parent and one API key (design 2): no file meant for one parent ever runs against another,
 * and replay memory is kept per API key, so that all writers of one parent must share one (P3).
 */
export function refuseUnbound(workspace: Pick<SourcedWorkspace, 'declaration'>, whoami: Whoami): Refusal | null {
  const { parentOrganizationId, apiKeyId } = workspace.declaration;
  const refuse = (code: string, message: string, next: string): Refusal => ({
    kind: 'cannot-run',
    code,
    message,
    next,
    requestId: null,
    problems: [],
  });
  const lines = `parentOrganizationId: ${whoami.organizationId}\napiKeyId: ${whoami.apiKeyId}`;
  if (whoami.parentOrganizationId !== null)
    return refuse(
      'NotAParent',
      `The API key belongs to ${whoami.organizationName} (${whoami.organizationId}), which is itself a child organization. Only a parent has customers.`,
      'Use an API key of the parent organization that holds org:admin.',
    );
  if (parentOrganizationId === undefined || apiKeyId === undefined)
    return refuse(
      'NotBound',
      `This workspace is not bound to a parent organization yet. The API key belongs to ${whoami.organizationName}.`,
      `Run \`reconcile init\`, or add these lines to reconcile.yaml:\n\n${lines}\n`,
    );
  if (normalizedId(parentOrganizationId) !== normalizedId(whoami.organizationId))
    return refuse(
      'WrongParent',
      `This workspace is bound to ${parentOrganizationId}, but the API key belongs to ${whoami.organizationId} (${whoami.organizationName}).`,
      'Use the API key of the bound parent. A workspace never changes its parent: for another one, make another workspace.',
    );
  if (apiKeyId !== whoami.apiKeyId)
    return refuse(
      'WrongApiKey',
      `This workspace is bound to the API key ${apiKeyId}, but ${whoami.apiKeyId} is in use. The API remembers repeated requests per key, so all writers of one parent must share one.`,
      `When every writer has moved to the new key and nothing is in doubt, set in reconcile.yaml:\n\napiKeyId: ${whoami.apiKeyId}\n`,
    );
  return null;
}
