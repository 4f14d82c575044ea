import type { Organization } from '../api.ts';
import type { Notices } from '../notice.ts';
import type { Problem } from '../problem.ts';

/** Most metadata keys of an organization, counted after a merge (organizations/patch-organization). */
const METADATA_KEYS_MAX = 50;

/**
 * What speaks against a change of metadata: with it the organization would have more keys than the API takes, ours and
 * those of other people counted. Said before any call, because the API refuses the PATCH as a whole.
 */
export function metadataFull(
  organization: Organization,
  changes: Readonly<Record<string, string>>,
  pointer: string,
  notices: Notices,
): Problem | null {
  const merged = Object.entries({ ...organization.metadata, ...changes }).filter(([, value]) => value !== '');
  if (merged.length <= METADATA_KEYS_MAX) return null;
  return notices.problem(
    pointer,
    'error',
    'MetadataFull',
    `Organization ${organization.id} would have ${merged.length} metadata keys, and the API takes ${METADATA_KEYS_MAX} at most. Its metadata is not changed.`,
    {
      next: 'Unset keys that are no longer needed, by declaring them as `""` in `metadata` or in the dashboard. What left the file is still there.',
    },
  );
}
