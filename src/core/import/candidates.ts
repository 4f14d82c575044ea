import type { Organization } from '../api.ts';
import { externalIdPattern } from '../declaration/fields.ts';
import { quoted } from '../declaration/yaml/printable.ts';
import type { Inventory } from '../inventory.ts';
import { normalizedId } from '../inventory.ts';
import { type OrganizationMarker, organizationMark, readOrganizationMarker } from '../marker.ts';
import type { Fleet } from '../source.ts';
import { proposeExternalId } from './propose-external-id.ts';

/** What the listing and the files say about an organization that somebody may want a file for. */
export type Candidate = { readonly organization: Organization } & (
  | {
      readonly kind: 'importable';
      readonly externalId: string;
      readonly incarnation: number;
      /** `lost-file`: it carries our mark, and no file declares it any more. */
      readonly origin: 'by-hand' | 'lost-file';
    }
  | { readonly kind: 'declared'; readonly file: string }
  | { readonly kind: 'archived' }
  | { readonly kind: 'refused'; readonly why: string; readonly next: string }
);

/**
 * Judges every organization of the parent, oldest first. A file is only ever proposed where a pass would take it for this
 * organization's and for no other's (I6): what two of them claim, or a file claims already, is left to a person.
 */
export function judgeOrganizations(fleet: Fleet, inventory: Inventory): Candidate[] {
  const claims = claimsOf(fleet);
  const taken = new Set([
    ...claims.files.keys(),
    ...inventory.organizations.map(({ metadata }) => (metadata[organizationMark.externalId] ?? '').toLowerCase()),
  ]);
  return inventory.organizations
    .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
    .map((organization) => {
      const verdict = judge(organization, claims, inventory);
      if (verdict.kind !== 'unnamed') return { organization, ...verdict };
      const externalId = proposeExternalId(organization.name, taken);
      taken.add(externalId);
      return { organization, kind: 'importable', externalId, incarnation: 1, origin: 'by-hand' };
    });
}

interface Claims {
  /** By identity in lower case. */
  readonly files: ReadonlyMap<string, { readonly externalId: string; readonly file: string }>;
  /** Files that take over an organization by its id. */
  readonly adopting: ReadonlyMap<string, string>;
  readonly byName: ReadonlyMap<string, { readonly externalId: string; readonly file: string }>;
}

function claimsOf({ customers, broken }: Fleet): Claims {
  const declared = customers.map(({ declaration, file }) => ({ ...declaration, file }));
  const claimed = broken.flatMap(({ externalId, file }) => (externalId === null ? [] : [{ externalId, file }]));
  return {
    files: new Map([...declared, ...claimed].map((one) => [one.externalId.toLowerCase(), one])),
    adopting: new Map(
      declared.flatMap(({ adopt, file }) => (adopt ? [[normalizedId(adopt.organizationId), file]] : [])),
    ),
    byName: new Map(declared.map((one) => [one.name, one])),
  };
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type Verdict = DistributiveOmit<Candidate, 'organization'> | { readonly kind: 'unnamed' };

function judge(organization: Organization, claims: Claims, inventory: Inventory): Verdict {
  if (organization.status === 'archived') return { kind: 'archived' };
  const adopting = claims.adopting.get(normalizedId(organization.id));
  const marker = readOrganizationMarker(organization);
  const carried = organization.metadata[organizationMark.externalId];
  if (carried !== undefined) return judgeIdentity(organization, carried, { marker, adopting, claims, inventory });
  if (adopting !== undefined) return { kind: 'declared', file: adopting };
  const namesake = claims.byName.get(organization.name);
  const isWithoutOrganization = namesake && !inventory.withExternalId(namesake.externalId).some(isAlive);
  return isWithoutOrganization ? alreadyDeclared(organization, namesake) : { kind: 'unnamed' };
}

interface About {
  readonly marker: OrganizationMarker | null;
  readonly adopting: string | undefined;
  readonly claims: Claims;
  readonly inventory: Inventory;
}

/** An organization that says whose it is, with our mark or without. */
function judgeIdentity(organization: Organization, carried: string, about: About): Verdict {
  const { marker, adopting, claims, inventory } = about;
  const refused = (why: string, next: string): Verdict => ({ kind: 'refused', why, next });
  if (!externalIdPattern.test(carried))
    return refused(
      `Its metadata says externalId ${quoted(carried)}, which cannot be the externalId of a file.`,
      'Change or remove that metadata, then import it.',
    );
  const sameIdentity = inventory.withExternalId(carried);
  const alive = sameIdentity.filter(isAlive);
  if (alive.length > 1)
    return refused(
      `${alive.length} live organizations carry the externalId ${carried}: ${alive.map(({ id }) => id).join(', ')}.`,
      'Archive the ones that are not in use, or take their externalId off.',
    );
  const claim = claims.files.get(carried.toLowerCase());
  if (claim && claim.externalId !== carried)
    return refused(
      `${claim.file} declares ${claim.externalId}, which differs from its externalId ${carried} only in case.`,
      'Two customers need identities that differ by more than case.',
    );
  if (claim && (marker || adopting === claim.file)) return { kind: 'declared', file: claim.file };
  if (claim) return alreadyDeclared(organization, claim);
  if (adopting !== undefined) return { kind: 'declared', file: adopting };
  if (marker) return { kind: 'importable', externalId: carried, incarnation: marker.incarnation, origin: 'lost-file' };
  const archived = Math.max(0, ...sameIdentity.map((one) => readOrganizationMarker(one)?.incarnation ?? 0));
  return { kind: 'importable', externalId: carried, incarnation: archived + 1, origin: 'by-hand' };
}

function alreadyDeclared(organization: Organization, { file }: { readonly file: string }): Verdict {
  return {
    kind: 'refused',
    why: `${file} looks like its file, but does not say so.`,
    next: `If it is, add \`adopt: { organizationId: ${organization.id}, grantedCredits: <credits granted by hand> }\` to it.`,
  };
}

function isAlive({ status }: Organization): boolean {
  return status !== 'archived';
}
