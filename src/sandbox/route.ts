import type { SandboxBehaviour } from './behaviour.ts';
import type { Refusal } from './refusals.ts';
import type { ApiKeyRow, Operation, OrganizationRow } from './state.ts';
import type { View, World } from './world.ts';

export interface Success {
  readonly kind: 'success';
  readonly status: number;
  readonly body: unknown;
}

export type Outcome = Success | Refusal;

export function success(body: unknown, status = 200): Success {
  return { kind: 'success', status, body };
}

/** Who calls: a key and the organization that it belongs to. */
export interface Caller {
  readonly key: ApiKeyRow;
  readonly organization: OrganizationRow;
}

interface RequestContext {
  readonly caller: Caller;
  /** The organization acted in: the caller's own, or the child that `X-Layers-Organization` names. */
  readonly organization: OrganizationRow;
  /** The segments of the path that the route's pattern leaves open, in order. */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly nowMs: number;
  readonly behaviour: SandboxBehaviour;
}

export interface ReadContext extends RequestContext {
  readonly view: View;
  lastUsedAtMs(keyId: string): number | null;
}

/** What anybody who changes the world works with: requests and hands alike. */
export interface Actor {
  readonly world: World;
  readonly nowMs: number;
  readonly behaviour: SandboxBehaviour;
  /** Writes the operations log; the actor adds who and when. */
  record(operation: Omit<Operation, 'atMs' | 'by'>): void;
}

export interface WriteContext extends RequestContext, Actor {
  readonly body: unknown;
  readonly idempotencyKey: string | null;
}

interface RouteBase {
  /** `/v1/organizations/:/suspend`: `:` stands for one segment. */
  readonly path: string;
  /** `org:admin` for the control plane. */
  readonly scope?: 'org:admin';
  /** Whether `X-Layers-Organization` chooses the organization; the control plane ignores the header. */
  readonly actsInChild?: boolean;
}

export interface ReadRoute extends RouteBase {
  readonly method: 'GET';
  /** Which delay of the behaviour applies to what is shown. */
  readonly freshness: 'ledger' | 'list' | 'keys' | 'now';
  readonly handle: (context: ReadContext) => Outcome;
}

export interface WriteRoute extends RouteBase {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly idempotencyRequired?: boolean;
  readonly handle: (context: WriteContext) => Outcome;
  /** Turns a remembered success into the answer of a replay; without it, the remembered one is repeated verbatim. */
  readonly replay?: (remembered: Success, behaviour: SandboxBehaviour) => Outcome;
}

export type Route = ReadRoute | WriteRoute;

export interface RouteMatch {
  readonly route: Route;
  readonly params: readonly string[];
}

/** Finds the route of a request; built once, by method and number of segments. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => RouteMatch | null {
  const shelves = new Map<string, { readonly route: Route; readonly pattern: readonly string[] }[]>();
  for (const route of routes) {
    const pattern = route.path.split('/');
    const shelf = `${route.method} ${pattern.length}`;
    shelves.set(shelf, [...(shelves.get(shelf) ?? []), { route, pattern }]);
  }
  return (method, path) => {
    const segments = path.split('/');
    for (const { route, pattern } of shelves.get(`${method} ${segments.length}`) ?? []) {
      if (pattern.every((part, at) => part === ':' || part === segments[at])) {
        return { route, params: segments.filter((_, at) => pattern[at] === ':') };
      }
    }
    return null;
  };
}
