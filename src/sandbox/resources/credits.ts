import type { SandboxBehaviour } from '../behaviour.ts';
import { paginate } from '../pagination.ts';
import { type FieldProblem, isRefusal, validation } from '../refusals.ts';
import { type Outcome, type ReadContext, type Route, success } from '../route.ts';
import type { LedgerRow, Metadata } from '../state.ts';
import { parseZuluTime, zuluTime } from '../times.ts';
import { availableOf, balanceOf, walletOf } from '../wallet.ts';
import { directChild } from './children.ts';

const EVENT_TYPES = ['usage', 'refund', 'grant', 'purchase', 'adjustment', 'allocation'] as const;

/** credits/get-credits; one shape for the own wallet and for a child's. Children have no plan of their own. */
function walletAnswer({ view, nowMs }: ReadContext, organizationId: string): Outcome {
  const wallet = walletOf(view, organizationId, nowMs);
  return success({
    organizationId,
    balance: balanceOf(wallet),
    available: availableOf(wallet),
    includedRemaining: wallet.includedRemaining,
    prepaidBalance: wallet.prepaidBalance,
    reservedCredits: wallet.reservedCredits,
    includedThisPeriod: wallet.includedThisPeriod,
    usedThisPeriod: wallet.usedThisPeriod,
    currentPeriod: {
      start: zuluTime(wallet.periodStartMs),
      end: zuluTime(wallet.periodEndMs),
      usedCredits: wallet.usedThisPeriod,
    },
    subscriptionTier: 'pro',
    billingStatus: 'active',
    estimatedCreditsPerFormat: {
      slideshow_builder: 50,
      slideshow_remix: 50,
      video_remix: 120,
      ugc_remix: 120,
      auto: 120,
    },
    ingestCostsBilled: { github: false, website: false, appstore: false },
  });
}

/** Marks are shown on allocation rows only, and only those that the behaviour lets through. */
function marks(
  row: LedgerRow,
  { ledgerMarkers }: SandboxBehaviour,
): Partial<Pick<LedgerRow, 'description' | 'metadata'>> {
  if (row.eventType !== 'allocation') return {};
  const { description, metadata } = row;
  if (ledgerMarkers === 'both') return { description, metadata };
  if (ledgerMarkers === 'metadata') return { metadata };
  if (ledgerMarkers === 'server') return { description: '', metadata: serverMembers(metadata) };
  return ledgerMarkers === 'description' ? { description } : {};
}

function serverMembers(metadata: Metadata | null): Metadata {
  return Object.fromEntries(['direction', 'counterpartyOrgId'].map((member) => [member, metadata?.[member] ?? '']));
}

function eventView(row: LedgerRow, behaviour: SandboxBehaviour): unknown {
  return {
    eventId: row.id,
    projectId: null,
    credits: row.credits,
    eventType: row.eventType,
    format: null,
    containerId: null,
    workflowId: null,
    balanceAfterPrepaid: row.balanceAfterPrepaid,
    usageAfterPeriod: row.usageAfterPeriod,
    createdAt: zuluTime(row.createdAtMs),
    ...marks(row, behaviour),
  };
}

function instant(query: URLSearchParams, name: string, problems: FieldProblem[]): number | null {
  const text = query.get(name);
  const ms = text === null ? null : parseZuluTime(text);
  if (text !== null && ms === null) problems.push({ field: name, message: 'must be a UTC time that ends in Z' });
  return ms;
}

/** credits/list-events. No row belongs to a project here, so that a projectId filter shows nothing. */
function ledgerAnswer({ view, query, behaviour }: ReadContext, organizationId: string): Outcome {
  const problems: FieldProblem[] = [];
  const sinceMs = instant(query, 'since', problems) ?? Number.NEGATIVE_INFINITY;
  const untilMs = instant(query, 'until', problems) ?? Number.POSITIVE_INFINITY;
  const asked = query.get('eventType');
  const eventType = EVENT_TYPES.find((known) => known === asked);
  if (asked !== null && eventType === undefined) {
    problems.push({ field: 'eventType', message: `must be one of ${EVENT_TYPES.join(', ')}` });
  }
  if (problems.length > 0) return validation(problems);
  const isWanted = (row: LedgerRow) =>
    row.createdAtMs >= sinceMs && row.createdAtMs <= untilMs && (!eventType || row.eventType === eventType);
  const rows = query.has('projectId') ? [] : [...view.ledger.of(organizationId)].filter(isWanted);
  const page = paginate(rows, query, { max: 100, default: 25 }, behaviour);
  if (isRefusal(page)) return page;
  return success({ items: page.rows.map((row) => eventView(row, behaviour)), nextCursor: page.nextCursor });
}

type Show = (context: ReadContext, organizationId: string) => Outcome;

const own = (show: Show) => (context: ReadContext) => show(context, context.organization.id);

const ofChild = (show: Show) => (context: ReadContext) => {
  const child = directChild(context.view, context);
  return isRefusal(child) ? child : show(context, child.id);
};

const mine = { method: 'GET', freshness: 'ledger', actsInChild: true } as const;
const childs = { method: 'GET', freshness: 'ledger', scope: 'org:admin' } as const;

export const creditRoutes: readonly Route[] = [
  { ...mine, path: '/v1/credits', handle: own(walletAnswer) },
  { ...mine, path: '/v1/credits/events', handle: own(ledgerAnswer) },
  { ...childs, path: '/v1/organizations/:/credits', handle: ofChild(walletAnswer) },
  { ...childs, path: '/v1/organizations/:/credits/events', handle: ofChild(ledgerAnswer) },
];
