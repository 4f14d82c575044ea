import type { Machine } from '../support/machine.ts';
import { DIRECTORY } from '../support/machine.ts';
import { liveCredentials } from '../support/oracle-secrets.ts';

/** What a history left behind, without ids and times: equal for every history of one walk. */
export type EndState = Readonly<Record<string, unknown>>;

export function endStateOf({ sandbox, disk }: Machine): EndState {
  const state = sandbox.snapshot();
  const nowMs = sandbox.clock.now();
  const children = state.organizations.filter(({ parentOrganizationId }) => parentOrganizationId !== null);
  const customers = children
    .map((child) => {
      const wallet = state.wallets.find(({ id }) => id === child.id);
      const keys = state.apiKeys
        .filter(({ organizationId }) => organizationId === child.id)
        .map(({ name, scopes, env, status, supersededBy }) =>
          [name, scopes.join(' '), env, status, supersededBy === null ? 'current' : 'superseded'].join(' / '),
        );
      return {
        name: child.name,
        status: child.status,
        metadata: child.metadata,
        billingEmail: child.billingEmail,
        balance: wallet?.prepaidBalance,
        limits: [wallet?.monthlyCreditCap, wallet?.refillThreshold, wallet?.refillAmount],
        keys: keys.toSorted(),
      };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const stored = new Set(disk.textsBelow(`${DIRECTORY}/.reconcile/secrets`).map(([, text]) => text));
  return {
    customers,
    parentBalance: state.wallets.find(({ id }) => id === state.parentOrganizationId)?.prepaidBalance,
    webhooks: state.webhookEndpoints.map(({ url, events, status, metadata }) => ({ url, events, status, metadata })),
    secretsInTheStore: liveCredentials(state, nowMs).map(({ secret }) => stored.has(secret)),
    files: filesOf(disk.textsBelow(DIRECTORY)),
  };
}

/** What people see of the workspace; a grant that went out in one slot instead of two is the same grant. */
function filesOf(files: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(
    files
      .filter(([path]) => !path.startsWith(`${DIRECTORY}/.reconcile/`))
      .map(([path, text]): [string, string] => [path, withoutIds(text)])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function withoutIds(text: string): string {
  return (
    text
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
      // An id without a prefix is quoted where it would read as a number, as 1e3…-… does.
      .replaceAll('"<id>"', '<id>')
      .replace(/lp_(live|test)_[0-9A-Z]{16}/g, '<prefix>')
      .replace(/"?\d{4}-\d{2}-\d{2}T[0-9:.]+Z"?/g, '<time>')
      .replace(/, slots: \d+|^ +slots: \d+\n/gm, '')
      // Who did not see every row of a ledger learns of foreign credits from the next read in full.
      .replace(/^ *- (?:\{ )?type: ForeignCredits(?:,.*)?\n(?: {6}.*\n)*/gm, '')
  );
}
