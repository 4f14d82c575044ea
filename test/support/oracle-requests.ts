import type { WireRequest } from '../../src/effects/layers/transport.ts';
import type { SandboxState } from '../../src/sandbox/index.ts';
import type { OracleFacts } from './oracle.ts';

const OF_ORGANIZATION = /^\/v1\/organizations\/(org_[0-9a-f-]{36})(\/|$)/;

/** Judges a request as it leaves: the right target (I6), nothing for a frozen customer (I9), no secret in it (I4). */
export function judgeRequest(facts: OracleFacts, request: WireRequest, state: SandboxState): void {
  const { method, path, body, headers } = request;
  const { leaks, report, declarations } = facts;
  if (leaks.leaksIn(path) || (body !== undefined && leaks.leaksIn(body)))
    report('I4', `a secret stands in the request ${method} ${path}`);
  if (method === 'GET') return;
  judgeGuards(facts, request);
  // With the parent's token such a key gives the secret again for a day: it is a secret itself.
  const showsSecret = /\/(api-keys|webhook-endpoints|rotate|rotate-secret)$/.test(path);
  const idempotencyKey = headers['Idempotency-Key'];
  if (showsSecret && idempotencyKey !== undefined) leaks.add(idempotencyKey);

  const organizationId = OF_ORGANIZATION.exec(path)?.[1];
  if (organizationId === undefined) {
    if (path === '/v1/organizations') judgeCreation(facts, body ?? '');
    return;
  }
  const organization = state.organizations.find(({ id }) => id === organizationId);
  if (!organization) {
    report('I6', `${method} ${path} names an organization that does not exist`);
    return;
  }
  const externalId = organization.metadata['externalId'] ?? '';
  if (declarations.isFrozen(externalId)) report('I9', `${method} ${path} although two files claim ${externalId}`);
  if (organization.parentOrganizationId !== state.parentOrganizationId)
    report('I6', `${method} ${path} goes to a child of another parent`);
  const movesMoneyOrKeys = /\/(allocate|api-keys|rotate|credit-config)$/.test(path);
  if (!movesMoneyOrKeys) return;
  const isMarked = organization.metadata['rcn'] === '1' && declarations.versions(externalId).length > 0;
  if (!isMarked) report('I6', `${method} ${path} goes to an organization without the mark of a declared customer`);
  if (organization.status !== 'active') report('I9', `${method} ${path} although it is ${organization.status}`);
  if (path.endsWith('/allocate') && !body?.includes(`"org":"${organizationId}"`))
    report('I6', `the body of ${method} ${path} does not name the organization of its path`);
}

/** What reconcile.yaml forbids is not asked for, unless it names an approval (I8). */
function judgeGuards({ declarations, report }: OracleFacts, { method, path, body }: WireRequest): void {
  const text = declarations.textOf('reconcile.yaml') ?? '';
  const limit = (guard: RegExp) => Number(guard.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
  if (/\bfreeze: true/.test(text)) report('I8', `${method} ${path} although everything is frozen`);
  if (/\bapproved:/.test(text)) return;
  const credits = Number(/"credits":(\d+)/.exec(body ?? '')?.[1] ?? 0);
  if (path.endsWith('/allocate') && credits > limit(/\bmaxGrant(?:PerCustomer|PerDay)?: (\d+)/))
    report('I8', `${credits} credits are granted, which a guard forbids`);
  if (path === '/v1/organizations' && limit(/\bmaxNewCustomers: (\d+)/) === 0)
    report('I8', 'an organization is created, which a guard forbids');
  const isOrganization = path.split('/').length === 4;
  if (method === 'DELETE' && isOrganization && limit(/\bmaxArchives: (\d+)/) === 0)
    report('I8', `${path} is archived, which a guard forbids`);
  if (method === 'DELETE' && path.includes('/api-keys/') && limit(/\bmaxKeyRevocations: (\d+)/) === 0)
    report('I8', `${path} is revoked, which a guard forbids`);
}

function judgeCreation({ declarations, report }: OracleFacts, body: string): void {
  const externalId = /"externalId":"([^"]+)"/.exec(body)?.[1] ?? '';
  if (declarations.versions(externalId).length === 0) report('I5', `${externalId} is created, which no file declares`);
  if (declarations.isFrozen(externalId)) report('I9', `${externalId} is created although two files claim it`);
}
