import { backoffMs } from '../../core/backoff.ts';
import { noticesFor } from '../../core/notice.ts';
import { orphans } from '../../core/orphans.ts';
import type { Problem } from '../../core/problem.ts';
import type { Refusal } from '../../core/report.ts';
import type { Chance } from '../../effects/chance.ts';
import type { Clock } from '../../effects/clock.ts';
import type { Effects, Pass } from '../context.ts';
import { listOrganizations } from '../listing.ts';
import { bind } from '../prepare.ts';
import type { Declarations, Turns } from './declarations.ts';
import type { ViewedListing } from './memory.ts';

/** What every visit starts from: the declarations, whose key this is, and what organizations there are. */
export interface FleetView extends ViewedListing {
  readonly declarations: Declarations;
  /** A pass of one visit: the server's clock as it is now, and nobody else's 401. */
  readonly pass: () => Pass;
}

export type Viewed = { readonly ok: true; readonly view: FleetView } | Unavailable;

/** Nobody can be looked at; the same question is not asked again before `retryAfterMs`. */
export interface Unavailable {
  readonly ok: false;
  readonly refusal: Refusal;
  readonly retryAfterMs: number;
}

export interface ViewOptions {
  readonly declarations: () => { readonly ok: true; readonly declarations: Declarations } | Refused;
  /** Made anew when reconcile.yaml changes and whenever status was published. */
  readonly effects: () => Effects;
  readonly bindingRequired: boolean;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly chance: Pick<Chance, 'random'>;
  readonly turns: Turns;
  readonly onEvent: (event: ViewEvent) => void;
}

interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
}

export type ViewEvent =
  | { readonly kind: 'view-refreshed'; readonly organizations: number; readonly orphans: readonly Problem[] }
  | { readonly kind: 'view-failed'; readonly refusal: Refusal; readonly retryAfterMs: number };

export interface FleetViews {
  current(): Promise<Viewed>;
  /** The view with a listing that was begun after that turn. */
  listedSince(turn: number): Promise<Viewed>;
  /** Asks anew who we are and what there is, at the next visit. */
  expire(): void;
  /** What was refused may have been mended: asks again at once. */
  reopen(): void;
}

interface Bound {
  readonly pass: Pass;
  readonly atMs: number;
  /** The lines of reconcile.yaml that it was held against. */
  readonly binding: string;
}

/** How long a broken reconcile.yaml keeps everybody waiting, unless somebody mends it sooner. */
const REFUSED_MS = 60_000;

/**
 * A view is opened when it is needed and shared by all visits, so that a visit costs the customer's own reads and no
 * more. While it cannot be opened nobody is asked for anything: one question at a time, further and further apart.
 */
export function createFleetViews(options: ViewOptions): FleetViews {
  const { clock, chance, turns } = options;
  let bound: Bound | null = null;
  let listed: ViewedListing | null = null;
  let opening: Promise<Viewed> | null = null;
  let closed: { readonly untilMs: number; readonly refusal: Refusal } | null = null;
  let failures = 0;

  function passOf({ pass, atMs }: Bound, { workspace }: Declarations): Pass {
    const serverTimeMs = pass.serverTimeMs + (clock.monotonic() - atMs);
    return { ...pass, effects: options.effects(), workspace, serverTimeMs, stoppedBy: null };
  }

  async function open(declarations: Declarations): Promise<Viewed> {
    const opened = await openBinding(declarations);
    if ('refusal' in opened) return refused(opened.refusal);
    const found = listed ?? (await list(opened, declarations));
    if ('refusal' in found) return refused(found.refusal);
    failures = 0;
    return { ok: true, view: { ...found, declarations, pass: () => passOf(opened, declarations) } };
  }

  async function openBinding(declarations: Declarations): Promise<Bound | Refused> {
    const binding = bindingOf(declarations);
    if (bound?.binding === binding) return bound;
    const { bindingRequired, signal } = options;
    const result = await bind(options.effects(), declarations.workspace, { bindingRequired, signal });
    if (!result.ok) return result;
    if (bound?.pass.parentOrganizationId !== result.pass.parentOrganizationId) listed = null;
    bound = { pass: result.pass, atMs: clock.monotonic(), binding };
    return bound;
  }

  async function list(opened: Bound, declarations: Declarations): Promise<ViewedListing | Refused> {
    const turn = turns();
    const result = await listOrganizations(passOf(opened, declarations));
    if (!result.ok) return result;
    listed = { listing: result.listing, turn };
    tellListed(listed, declarations);
    return listed;
  }

  function tellListed({ listing }: ViewedListing, { workspace, fleet }: Declarations): void {
    const inventory = listing.inventory();
    options.onEvent({
      kind: 'view-refreshed',
      organizations: inventory.organizations.length,
      orphans: orphans(fleet, inventory, noticesFor(workspace)),
    });
  }

  function refused(refusal: Refusal): Viewed {
    bound = null;
    listed = null;
    failures += 1;
    const retryAfterMs = backoffMs(failures, chance.random());
    closed = { untilMs: clock.monotonic() + retryAfterMs, refusal };
    options.onEvent({ kind: 'view-failed', refusal, retryAfterMs });
    return { ok: false, refusal, retryAfterMs };
  }

  async function current(): Promise<Viewed> {
    const loaded = options.declarations();
    if (!loaded.ok) return { ...loaded, retryAfterMs: REFUSED_MS };
    const leftMs = closed ? closed.untilMs - clock.monotonic() : 0;
    if (closed && leftMs > 0) return { ok: false, refusal: closed.refusal, retryAfterMs: leftMs };
    if (opening) return opening.then((viewed) => (viewed.ok ? current() : viewed));
    const { declarations } = loaded;
    if (listed && bound?.binding === bindingOf(declarations)) return open(declarations);
    opening = open(declarations).finally(() => {
      opening = null;
    });
    return opening;
  }

  return {
    current,
    async listedSince(turn) {
      for (;;) {
        const viewed = await current();
        if (!viewed.ok || viewed.view.turn >= turn) return viewed;
        // Whoever came first has it listed again for everybody.
        if (listed?.turn === viewed.view.turn) listed = null;
      }
    },
    expire() {
      bound = null;
      listed = null;
    },
    reopen() {
      closed = null;
      failures = 0;
    },
  };
}

/** The lines of reconcile.yaml that say whose fleet this is. */
function bindingOf({ workspace }: Declarations): string {
  const { parentOrganizationId, apiKeyId } = workspace.declaration;
  return JSON.stringify([parentOrganizationId, apiKeyId]);
}
