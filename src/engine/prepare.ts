import { idempotencyKeys } from '../core/idempotency.ts';
import type { Refusal } from '../core/report.ts';
import type { Fleet, SourcedWorkspace } from '../core/source.ts';
import type { DeclarationSource } from '../effects/source/source.ts';
import { refuseUnbound } from './binding.ts';
import type { Effects, Pass } from './context.ts';

export interface PrepareOptions {
  /** False only for the sandbox, whose parent is made for the workspace. */
  readonly bindingRequired: boolean;
  readonly signal: AbortSignal;
  /** True for a command that may write the first files; everybody else is told that there are none (design 8). */
  readonly mayBeEmpty?: boolean;
}

export type Prepared =
  | { readonly ok: true; readonly pass: Pass; readonly fleet: Fleet }
  | { readonly ok: false; readonly refusal: Refusal };

/** What everything that looks at a fleet begins with: the files, then whose key this is. One GET, nothing written. */
export async function preparePass(effects: Effects, options: PrepareOptions): Promise<Prepared> {
  const loaded = await loadDeclarations(effects.source, options.mayBeEmpty ?? false);
  if (!loaded.ok) return loaded;
  const bound = await bind(effects, loaded.workspace, options);
  return bound.ok ? { ok: true, pass: bound.pass, fleet: loaded.fleet } : bound;
}

export type LoadedDeclarations =
  | { readonly ok: true; readonly workspace: SourcedWorkspace; readonly fleet: Fleet }
  | { readonly ok: false; readonly refusal: Refusal };

/** A broken reconcile.yaml, or no valid file at all, ends the pass before any call (design 8, exit 3). */
export async function loadDeclarations(source: DeclarationSource, mayBeEmpty = false): Promise<LoadedDeclarations> {
  const refuse = (code: string, message: string, problems: Refusal['problems']): LoadedDeclarations => ({
    ok: false,
    refusal: { kind: 'invalid-input', code, message, next: null, requestId: null, problems },
  });
  const workspace = await source.loadWorkspace();
  if (!workspace.ok)
    return refuse('InvalidWorkspace', 'reconcile.yaml is not valid, so nothing is written.', workspace.problems);
  const fleet = await source.loadFleet(workspace.workspace);
  const isEmpty = !fleet.ok && fleet.problems.every(({ code }) => code === 'NoCustomers');
  if (isEmpty && mayBeEmpty) return { ok: true, workspace: workspace.workspace, fleet: { customers: [], broken: [] } };
  if (!fleet.ok && fleet.isUnknown) return { ok: false, refusal: unknownFleet(fleet.problems) };
  if (!fleet.ok) return refuse('NoCustomers', 'There is no customer file to work from.', fleet.problems);
  if (fleet.fleet.customers.length === 0 && !mayBeEmpty)
    return refuse(
      'NoValidCustomer',
      'No customer file is valid.',
      fleet.fleet.broken.flatMap(({ problems }) => problems),
    );
  return { ok: true, workspace: workspace.workspace, fleet: fleet.fleet };
}

const switchedOff =
  'The parent organization is suspended, or this API key was switched off; nothing is wrong with the network. Ask whoever did it, or Layers.';

const NEXT: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'Check LAYERS_API_KEY or LAYERS_API_KEY_FILE.',
  KILL_SWITCH: switchedOff,
  SWITCHED_OFF: switchedOff,
  UNREACHABLE: 'Nothing to do: it goes on by itself as soon as the API answers again.',
};

/** Nothing is wrong with the declarations, so it is no invalid input: whoever keeps them did not answer. */
function unknownFleet(problems: Refusal['problems']): Refusal {
  return {
    kind: 'cannot-run',
    code: 'DeclarationsUnreadable',
    message: 'The customers cannot be read now, which never means that there are none. Nothing is done.',
    next: null,
    requestId: null,
    problems,
  };
}

export type Bound = { readonly ok: true; readonly pass: Pass } | { readonly ok: false; readonly refusal: Refusal };

/** Asks whose key this is, and holds it against the workspace. One GET. */
export async function bind(effects: Effects, workspace: SourcedWorkspace, options: PrepareOptions): Promise<Bound> {
  const whoami = await effects.reader.whoami();
  if (whoami.outcome !== 'ok') {
    const { code, message } = whoami.problem;
    const next = NEXT[code] ?? 'Check LAYERS_BASE_URL and the network.';
    const requestId = whoami.meta.requestId ?? null;
    const text = `The API does not say who we are: ${message}`;
    return { ok: false, refusal: { kind: 'cannot-run', code, message: text, next, requestId, problems: [] } };
  }
  const refusal = options.bindingRequired ? refuseUnbound(workspace, whoami.value) : null;
  if (refusal) return { ok: false, refusal };
  effects.acceptKey?.();
  const parentOrganizationId = whoami.value.organizationId;
  const keys = idempotencyKeys(effects.nameUuid, parentOrganizationId);
  const serverTimeMs = whoami.meta.serverTimeMs ?? effects.clock.now();
  return {
    ok: true,
    pass: {
      effects,
      workspace,
      parentOrganizationId,
      keys,
      signal: options.signal,
      serverTimeMs,
      parentScopes: whoami.value.scopes,
      stoppedBy: null,
    },
  };
}
