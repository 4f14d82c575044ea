import { prefixedId } from '../ids.ts';
import { type Refusal, refusal, validation } from '../refusals.ts';
import type { Caller } from '../route.ts';
import type { OrganizationRow } from '../state.ts';
import type { View } from '../world.ts';

interface Asked {
  readonly caller: Caller;
  readonly params: readonly string[];
}

/**
 * The direct child that the path names first. A malformed id is a 422; an unknown, foreign or own id is the same 404,
 * so that existence is not leaked (organizations/get-organization).
 */
export function directChild(view: View, { caller, params }: Asked): OrganizationRow | Refusal {
  const id = prefixedId('org', params[0] ?? '');
  if (id === null) return validation([{ field: 'orgId', message: 'must be org_<uuid> or a UUID' }]);
  const row = view.organizations.get(id);
  if (row?.parentOrganizationId !== caller.organization.id) return refusal('NOT_FOUND', 'Organization not found.');
  return row;
}

/** As {@link directChild}, but an archived one is a 409: nothing leaves or changes the archive. */
export function livingChild(view: View, asked: Asked): OrganizationRow | Refusal {
  const child = directChild(view, asked);
  return 'code' in child || child.status !== 'archived'
    ? child
    : refusal('CONFLICT', 'The organization is archived.', { status: 'archived' });
}
