import type { LedgerEvent, Organization } from './api.ts';

/**
 * What we write onto the things we make, so that they are found again after the loss of everything local (design 4).
 * Money goes only to an organization that carries the mark (I6), and only marked events count as granted (I1).
 */

export interface GrantMarker {
  readonly externalId: string;
  readonly incarnation: number;
  /** `org_<uuid>`; null when only the description was returned, which does not hold it. */
  readonly organizationId: string | null;
  /** Ordinal of the marked event: 0, 1, 2… */
  readonly slot: number;
  /** Credits granted before this slot, by it, and after it. */
  readonly base: number;
  readonly delta: number;
  readonly cum: number;
}

/** Allocations keep the mark in `metadata` and in `description`: either one read back is enough (P2). */
export function grantMetadata(marker: GrantMarker & { organizationId: string }): Record<string, string> {
  return {
    rcn: '1',
    cust: marker.externalId,
    inc: String(marker.incarnation),
    org: marker.organizationId,
    slot: String(marker.slot),
    base: String(marker.base),
    delta: String(marker.delta),
    cum: String(marker.cum),
  };
}

export function grantDescription(marker: GrantMarker): string {
  const { externalId, incarnation, slot, base, delta, cum } = marker;
  return `rcn1 ${externalId} i${incarnation} s${slot} base=${base} delta=${delta} cum=${cum}`;
}

export type ReadMarker =
  | { readonly kind: 'marked'; readonly marker: GrantMarker }
  | { readonly kind: 'unmarked' }
  /** It says that it is ours, but not what: nothing may be concluded from a ledger that holds it. */
  | { readonly kind: 'malformed'; readonly why: string };

const DESCRIPTION = /^rcn1 (\S+) i(\d+) s(\d+) base=(\d+) delta=(\d+) cum=(\d+)$/;

export function readGrantMarker(event: LedgerEvent): ReadMarker {
  const claimsInMetadata = event.metadata?.['rcn'] !== undefined;
  const claimsInDescription = event.description?.startsWith('rcn1 ') ?? false;
  if (!claimsInMetadata && !claimsInDescription) return { kind: 'unmarked' };

  const malformed = (why: string): ReadMarker => ({ kind: 'malformed', why: `event ${event.eventId}: ${why}` });
  const fromMetadata = claimsInMetadata && event.metadata ? parseMetadata(event.metadata) : null;
  const fromDescription = claimsInDescription && event.description ? parseDescription(event.description) : null;
  if (claimsInMetadata && !fromMetadata) return malformed('its metadata is marked but unreadable');
  if (claimsInDescription && !fromDescription) return malformed('its description is marked but unreadable');
  if (fromMetadata && fromDescription && grantDescription(fromMetadata) !== grantDescription(fromDescription))
    return malformed('its metadata and its description disagree');
  const marker = fromMetadata ?? fromDescription;
  if (!marker) return malformed('its mark is unreadable');
  if (marker.base + marker.delta !== marker.cum) return malformed('its mark does not add up');
  return { kind: 'marked', marker };
}

function parseMetadata(metadata: Readonly<Record<string, string>>): GrantMarker | null {
  const { rcn, cust, org, inc, slot, base, delta, cum } = metadata;
  if (rcn !== '1' || !cust || !org) return null;
  return numbers(cust, org, [inc, slot, base, delta, cum]);
}

function parseDescription(description: string): GrantMarker | null {
  const match = DESCRIPTION.exec(description);
  return match?.[1] ? numbers(match[1], null, match.slice(2)) : null;
}

function numbers(
  externalId: string,
  organizationId: string | null,
  texts: readonly (string | undefined)[],
): GrantMarker | null {
  if (!texts.every((text) => text !== undefined && /^\d{1,15}$/.test(text))) return null;
  const [incarnation = 0, slot = 0, base = 0, delta = 0, cum = 0] = texts.map(Number);
  return { externalId, organizationId, incarnation, slot, base, delta, cum };
}

/** Metadata keys of an organization that are ours; a declaration may not use them. */
export const organizationMark = {
  externalId: 'externalId',
  version: 'rcn',
  incarnation: 'rcn_inc',
  /** Credits granted by hand before an adoption: written once, read ever after. */
  baseline: 'rcn_base',
  suspended: 'rcn_suspended',
} as const;

export function organizationMetadata(externalId: string, incarnation: number): Record<string, string> {
  return {
    [organizationMark.externalId]: externalId,
    [organizationMark.version]: '1',
    [organizationMark.incarnation]: String(incarnation),
  };
}

export interface OrganizationMarker {
  readonly externalId: string;
  readonly incarnation: number;
  /** Credits granted by hand before the adoption; 0 for an organization that we made. */
  readonly baseline: number;
}

/** The mark of an organization that is ours; null when it carries none, or one that cannot be read. */
export function readOrganizationMarker(organization: Pick<Organization, 'metadata'>): OrganizationMarker | null {
  const { metadata } = organization;
  const externalId = metadata[organizationMark.externalId];
  const incarnation = metadata[organizationMark.incarnation] ?? '';
  const baseline = metadata[organizationMark.baseline] ?? '0';
  if (!externalId || metadata[organizationMark.version] !== '1') return null;
  if (!/^[1-9]\d{0,8}$/.test(incarnation) || !/^\d{1,15}$/.test(baseline)) return null;
  return { externalId, incarnation: Number(incarnation), baseline: Number(baseline) };
}

/** True for the organization of this incarnation of this customer, by its own metadata (I6). */
export function isMarkedFor(
  organization: Pick<Organization, 'metadata'>,
  { externalId, incarnation }: Pick<OrganizationMarker, 'externalId' | 'incarnation'>,
): boolean {
  const marker = readOrganizationMarker(organization);
  return marker?.externalId === externalId && marker.incarnation === incarnation;
}
