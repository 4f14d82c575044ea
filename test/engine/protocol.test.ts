import { describe, expect, it } from 'vitest';
import type { Transport, WireAnswer, WireRequest } from '../../src/effects/layers/transport.ts';
import { ACME, createWorld, FIREHOSE, passWith, WORKSPACE, type World } from '../support/world.ts';

/** The protocol of money and secrets (correctness 2.4), step by step, against an API that lies, loses and delays. */

const HOUR_MS = 3_600_000;
const FILE = `${WORKSPACE}/customers/acme-coffee.yaml`;

/** Answers some requests otherwise than the sandbox would; null lets one through. */
type Lie = (request: WireRequest, inner: Transport) => Promise<WireAnswer | null>;

interface Liar {
  lie: Lie | null;
}

function lyingWorld(options: Parameters<typeof createWorld>[0] = {}): World & { readonly liar: Liar } {
  const liar: Liar = { lie: null };
  const transport = (inner: Transport): Transport => ({
    send: async (request) => (await liar.lie?.(request, inner)) ?? inner.send(request),
  });
  const world = { ...createWorld({ ...options, transport }), liar };
  world.declare('acme-coffee.yaml', ACME);
  return world;
}

async function onboarded(options: Parameters<typeof createWorld>[0] = {}) {
  const world = lyingWorld(options);
  expect((await world.pass()).customers[0]?.phase).toBe('Ready');
  world.forgetRequests();
  return world;
}

/** Changes the JSON of an answer on its way back. */
const rewritten = (pick: RegExp, change: (body: string) => string): Lie => {
  return async (request, inner) => {
    if (!pick.test(`${request.method} ${request.path}`)) return null;
    const answer = await inner.send(request);
    return answer.kind === 'response' ? { ...answer, body: change(answer.body) } : answer;
  };
};

const withoutItems = (pick: RegExp) => rewritten(pick, () => '{"items":[],"nextCursor":null}');

const sent = (world: World, pick: RegExp) =>
  world.requests.filter(({ method, path }) => pick.test(`${method} ${path}`)).length;
const writes = (world: World) => world.requests.filter(({ method }) => method !== 'GET').length;
const codes = (report: Awaited<ReturnType<World['pass']>>) => report.customers[0]?.problems.map(({ code }) => code);
const organizations = (world: World) =>
  world.sandbox.snapshot().organizations.filter(({ parentOrganizationId }) => parentOrganizationId !== null);
const walletOf = (world: World) =>
  world.sandbox.snapshot().wallets.find(({ id }) => id === organizations(world)[0]?.id);
const grants = (world: World) => world.sandbox.snapshot().operations.filter(({ kind }) => kind === 'credits.allocate');
const childKeys = (world: World) => {
  const { apiKeys, parentApiKeyId } = world.sandbox.snapshot();
  return apiKeys.filter(({ id }) => id !== parentApiKeyId);
};
const secretPath = (world: World) =>
  `${WORKSPACE}/.reconcile/secrets/${world.sandbox.parent().organizationId}/customers/acme-coffee/acme-integration`;
const forgetSecret = (world: World) => {
  for (const path of [secretPath(world), `${secretPath(world)}.json`]) world.disk.unlink(path);
};
const forgetStatus = (world: World, yaml = ACME) => world.declare('acme-coffee.yaml', yaml);
const statusOf = (world: World) => {
  const text = world.disk.textOf(FILE) ?? '';
  return text.slice(text.indexOf('\nstatus:') + 1);
};

const ALLOCATE = '/v1/organizations/*/credits/allocate';
const KEYS = '/v1/organizations/*/api-keys';

describe('a grant', () => {
  it('whose request was lost is sent again into the same slot', async () => {
    const world = lyingWorld();
    world.sandbox.faults.add({ match: { method: 'POST', path: ALLOCATE }, fault: { kind: 'lost-request' } });
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect([sent(world, /allocate/), grants(world).length]).toEqual([2, 1]);
    expect(world.sandbox.snapshot().ledger.flatMap(({ metadata }) => metadata?.['slot'] ?? [])).toEqual(['0', '0']);
  });

  it.each(['lost-answer', 'error-after', 'truncated-answer', 'garbled-answer'] as const)(
    'whose answer was lost is found on the ledger, not sent again: %s',
    async (kind) => {
      const world = lyingWorld();
      world.sandbox.faults.add({ match: { method: 'POST', path: ALLOCATE }, fault: { kind } });
      expect((await world.pass()).customers[0]?.phase).toBe('Ready');
      expect([sent(world, /allocate/), grants(world).length]).toEqual([1, 1]);
    },
  );

  it('is not asked for when the wallet is short: a refusal might be remembered (A4)', async () => {
    const world = lyingWorld({ prepaidCredits: 4000 });
    expect(codes(await world.pass())).toEqual(['ParentShortOfCredits']);
    expect(sent(world, /allocate/)).toBe(0);
  });

  it('rests on a ledger read that is young when the bytes leave (A6)', async () => {
    const world = lyingWorld();
    let reads = 0;
    world.liar.lie = async ({ path }) => {
      if (/\/organizations\/.*\/credits\/events/.test(path)) reads += 1;
      // The wallet is read between the ledger and the grant.
      if (path === '/v1/credits' && reads === 1) world.sandbox.clock.advance(31_000);
      return null;
    };
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect(sent(world, /allocate/)).toBe(2);
    expect(world.sandbox.requests().filter(({ path }) => path.endsWith('/allocate'))).toHaveLength(1);
  });

  it('is never more than the guards judged, whatever the ledger says by then (I8)', async () => {
    const world = await onboarded();
    forgetStatus(world, ACME.replace('credits: 5000', 'credits: 9000'));
    let reads = 0;
    // Planned from a ledger that shows 8,000; the one read before the payment shows 5,000.
    world.liar.lie = async (request, inner) => {
      if (!/\/organizations\/.*\/credits\/events/.test(request.path)) return null;
      reads += 1;
      return reads === 1 ? rewritten(/GET/, (body) => body.replaceAll('5000', '8000'))(request, inner) : null;
    };
    const report = await passWith(world, {});
    const [grant] = report.customers.flatMap(({ steps }) => steps);
    expect(grant).toMatchObject({ credits: 1000, outcome: 'not-started' });
    expect(grants(world)).toHaveLength(1);

    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect(grants(world)).toHaveLength(2);
  });

  it('is not made on a child ledger that hides what the parent ledger shows (A3)', async () => {
    const world = await onboarded();
    forgetStatus(world);
    world.liar.lie = withoutItems(/GET \/v1\/organizations\/.*\/credits\/events/);
    const report = await world.pass();
    expect(codes(report)).toContain('LedgerStale');
    expect(grants(world)).toHaveLength(1);
  });

  it('does not go by what a forged status says was granted (I7)', async () => {
    const world = await onboarded();
    const forged = statusOf(world).replace(/granted: 5000, slots: 1/, 'granted: 1000, slots: 1');
    expect(forged).not.toBe(statusOf(world));
    world.declare('acme-coffee.yaml', ACME + forged);
    await world.pass({ full: true });
    expect(grants(world)).toHaveLength(1);
    expect(walletOf(world)?.prepaidBalance).toBe(5000);
  });

  it('freezes the customer when another amount moved than was asked for', async () => {
    const world = lyingWorld();
    world.liar.lie = rewritten(/allocate$/, (body) => body.replace('"allocated":5000', '"allocated":50000'));
    const report = await world.pass();
    expect(codes(report)).toEqual(['AllocationMismatch']);
    expect([sent(world, /credit-config/), sent(world, /POST .*api-keys/)]).toEqual([0, 0]);
  });

  it('that was accepted but cannot be seen is in doubt, and switches no refill on (I10)', async () => {
    const world = lyingWorld();
    world.liar.lie = withoutItems(/GET \/v1\/organizations\/.*\/credits\/events/);
    const report = await world.pass();
    expect(codes(report)).toContain('GrantNotVisible');
    expect(walletOf(world)).toMatchObject({ monthlyCreditCap: 5000, refillAmount: null });
  });

  it('is not sent for a declaration that was lowered after it was planned (A1)', async () => {
    const world = lyingWorld();
    world.liar.lie = async ({ method, path }) => {
      if (method === 'POST' && path === '/v1/organizations') forgetStatus(world, ACME.replace('5000', '10'));
      return null;
    };
    await world.pass();
    expect(grants(world)).toEqual([]);
  });

  it('leaves no trace at the API when the journal cannot be written', async () => {
    const world = lyingWorld();
    const journal = {
      append: () => ({ ok: false, message: 'the disk is full' }) as const,
      entries: () => [],
      unreadable: () => null,
    };
    await passWith(world, { journal });
    expect(writes(world)).toBe(0);
  });
});

describe('an organization', () => {
  it('that the listing hides is not made again while the parent ledger names the customer (I2)', async () => {
    const world = await onboarded();
    forgetStatus(world);
    world.liar.lie = withoutItems(/GET \/v1\/organizations\?/);
    expect(codes(await world.pass())).toEqual(['ListingIncomplete']);
    expect(organizations(world)).toHaveLength(1);
  });

  it('of anybody is not made from a listing that is known to be partial (I2)', async () => {
    const world = await onboarded();
    world.declare('other.yaml', 'externalId: other\nname: Other\n');
    world.liar.lie = withoutItems(/GET \/v1\/organizations\?/);
    const report = await world.pass();
    expect(report.customers.flatMap(({ problems }) => problems.map(({ code }) => code))).toEqual([
      'ListingIncomplete',
      'ListingIncomplete',
    ]);
    expect(organizations(world)).toHaveLength(1);
  });

  it('of anybody is not made from such a listing where no grant names the hidden one either (I2)', async () => {
    const world = lyingWorld();
    world.declare('acme-coffee.yaml', 'externalId: acme-coffee\nname: Acme Coffee\n');
    await world.pass();
    world.declare('other.yaml', 'externalId: other\nname: Other\n');
    world.liar.lie = withoutItems(/GET \/v1\/organizations\?/);
    await world.pass();
    expect(organizations(world)).toHaveLength(1);
  });

  it('whose creation was lost on the way back is found, not made again', async () => {
    const world = lyingWorld();
    world.sandbox.faults.add({ match: { method: 'POST', path: '/v1/organizations' }, fault: { kind: 'lost-answer' } });
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect(organizations(world)).toHaveLength(1);
  });

  it('that is made again because the listing lags is the same one: the key does not change', async () => {
    const world = lyingWorld();
    world.sandbox.faults.add({ match: { method: 'POST', path: '/v1/organizations' }, fault: { kind: 'lost-answer' } });
    world.liar.lie = withoutItems(/GET \/v1\/organizations\?/);
    await world.pass();
    expect(sent(world, /POST \/v1\/organizations$/)).toBe(2);
    expect(organizations(world)).toHaveLength(1);
  });

  it.each([
    { reason: 'without its mark', pick: /"rcn":"1"/, text: '"rcn":"0"' },
    { reason: 'suspended', pick: /"status":"active"/, text: '"status":"suspended"' },
  ])('that comes back $reason gets no money and no key (I6)', async ({ pick, text }) => {
    const world = lyingWorld();
    world.liar.lie = rewritten(/POST \/v1\/organizations$/, (body) => body.replace(pick, text));
    expect(codes(await world.pass())).toEqual(['MarkChanged']);
    expect(writes(world)).toBe(1);
  });

  it.each([
    { reason: 'another mark', code: 'MarkChanged', pick: /"rcn_inc":"1"/, text: '"rcn_inc":"7"' },
    {
      reason: 'another parent',
      code: 'ForeignOrganization',
      pick: /"parentOrganizationId":"org_[^"]+"/,
      text: '"parentOrganizationId":"org_00000000-0000-4000-8000-000000000000"',
    },
  ])('that reads back with $reason than the listing said is left alone (I6)', async ({ code, pick, text }) => {
    const world = await onboarded();
    forgetStatus(world, ACME.replace('credits: 5000', 'credits: 9000'));
    world.liar.lie = rewritten(/GET \/v1\/organizations\/[^/?]+$/, (body) => body.replace(pick, text));
    expect(codes(await world.pass())).toEqual([code]);
    expect(writes(world)).toBe(0);
  });
});

describe('a new organization whose ledger is late (P7)', () => {
  it('is onboarded in one pass when that is a matter of seconds', async () => {
    const world = lyingWorld({ behaviour: { ledgerDelayMs: 3_000 } });
    expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Ready', problems: [] });
    expect([organizations(world).length, grants(world).length]).toEqual([1, 1]);
  });

  it('is waited for, not called gone, when it takes longer', async () => {
    const world = lyingWorld({ behaviour: { ledgerDelayMs: 60_000 } });
    const report = await world.pass();
    expect([report.customers[0]?.phase, codes(report)]).toEqual(['Held', ['NotVisibleYet']]);
    world.sandbox.clock.advance(120_000);
    await world.pass();
    world.sandbox.clock.advance(120_000);
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect([organizations(world).length, grants(world).length]).toEqual([1, 1]);
  });
});

describe('an organization that `adopt` names', () => {
  it('and only the listing lacks shows that the listing is not whole: nobody is created (I2)', async () => {
    const world = createWorld();
    const made = world.sandbox.hands.createOrganization({ name: 'Acme Coffee' });
    if (!made.done) throw new Error('not made');
    world.sandbox.configure({ listOmitsOne: 'newest' });
    const { id } = made.organization;
    world.declare('acme-coffee.yaml', `${ACME}adopt: { organizationId: ${id}, grantedCredits: 0 }\n`);
    world.declare('bolt.yaml', 'externalId: bolt\nname: Bolt\n');
    const report = await world.pass();
    expect(report.customers.map(({ problems }) => problems.map(({ code }) => code))).toEqual([
      ['ListingIncomplete'],
      ['ListingIncomplete'],
    ]);
    expect(writes(world)).toBe(0);
  });
});

describe('an organization that the listing does not show', () => {
  it('because it is archived is not onboarded again by its old file, and is by a higher incarnation (I5)', async () => {
    const world = await onboarded();
    world.sandbox.hands.archive(organizations(world)[0]?.id ?? '');
    world.sandbox.clock.advance(72 * HOUR_MS);
    world.sandbox.configure({ archivedListedUnasked: false });
    world.declare('acme-coffee.yaml', ACME);
    const report = await world.pass();
    expect([report.customers[0]?.phase, codes(report)]).toEqual(['Stalled', ['OrganizationArchived']]);
    expect(writes(world)).toBe(0);

    world.declare('acme-coffee.yaml', `${ACME}incarnation: 2\n`);
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect([organizations(world).length, grants(world).length]).toEqual([2, 2]);
  });

  it('because it is archived as declared holds nobody back, and is onboarded again by a higher incarnation', async () => {
    const world = await onboarded();
    world.declare('acme-coffee.yaml', `${ACME}state: archived\n${statusOf(world)}`);
    expect((await world.pass()).customers[0]?.phase).toBe('Archived');
    world.sandbox.configure({ archivedListedUnasked: false });
    world.declare('other.yaml', 'externalId: other\nname: Other\n');
    const report = await world.pass();
    expect(report.customers.map(({ phase, problems }) => [phase, problems])).toEqual([
      ['Archived', []],
      ['Ready', []],
    ]);
    world.declare('acme-coffee.yaml', `${ACME}incarnation: 2\n${statusOf(world)}`);
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
  });

  it.each([
    { reason: 'with this identity', made: { name: 'Somebody', metadata: { externalId: 'acme-coffee' } } },
    { reason: 'with this name', made: { name: 'Acme Coffee' } },
  ])('because somebody made it $reason while the plan waited is no second one beside ours (I2)', async ({ made }) => {
    const world = lyingWorld();
    const report = await world.pass({
      confirm: async () => {
        world.sandbox.hands.createOrganization(made);
        world.sandbox.clock.advance(HOUR_MS);
        return true;
      },
    });
    expect([report.customers[0]?.phase, codes(report)]).toEqual(['Held', ['ListingIncomplete']]);
    expect(organizations(world)).toHaveLength(1);
    expect(codes(await world.pass())).toEqual(['AdoptionRequired']);
  });
});

describe('an organization in a state that nobody has told us of', () => {
  it('freezes its own customer and delays nobody else (I9)', async () => {
    const world = await onboarded();
    const birch = ACME.replaceAll('acme-coffee', 'birch').replace('Acme Coffee', 'Birch').replace('acme-', 'birch-');
    world.declare('birch.yaml', birch);
    world.declare('acme-coffee.yaml', ACME.replace('credits: 5000', 'credits: 9000') + statusOf(world));
    const pending = (body: string) => body.replace(/("name":"Acme Coffee",)"status":"active"/, '$1"status":"pending"');
    world.liar.lie = rewritten(/GET \/v1\/organizations(\/[^/]+)?$|GET \/v1\/organizations\?/, pending);
    const { customers, refused } = await world.pass();
    expect(refused).toBeNull();
    expect(customers.map(({ phase, problems }) => [phase, ...problems.map(({ code }) => code)])).toEqual([
      ['Stalled', 'UnknownState'],
      ['Ready'],
    ]);
    expect(sent(world, /\/allocate$/)).toBe(1);
  });
});

describe('a limit', () => {
  it('that an old answer hid is not called as declared when the last read shows it (I11)', async () => {
    const world = await onboarded();
    const status = statusOf(world);
    world.declare('acme-coffee.yaml', ACME.replace('cap: 5000', 'cap: 7000') + status);
    await world.pass();
    world.declare('acme-coffee.yaml', ACME.replace('amount: 2000', 'amount: 2500') + statusOf(world));
    let reads = 0;
    world.liar.lie = async (request, inner) => {
      if (!/^GET \/v1\/organizations\/[^/?]+$/.test(`${request.method} ${request.path}`)) return null;
      reads += 1;
      return reads === 1 ? rewritten(/GET/, (body) => body.replace('7000', '5000'))(request, inner) : null;
    };
    const report = await world.pass();
    expect(report.customers[0]?.phase).toBe('Held');
    expect(codes(report)).toEqual(['ChangedMeanwhile']);

    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect(walletOf(world)).toMatchObject({ monthlyCreditCap: 5000, refillAmount: 2500 });
  });

  it('is changed back and forth within a day, each time for real (finding 4)', async () => {
    const world = await onboarded();
    for (const cap of [6000, 5000, 6000]) {
      world.declare('acme-coffee.yaml', ACME.replace('cap: 5000', `cap: ${cap}`) + statusOf(world));
      expect((await world.pass()).customers[0]?.phase).toBe('Ready');
      expect(walletOf(world)?.monthlyCreditCap).toBe(cap);
    }
  });

  it('that is accepted but does not read back is not done, and no key is made before it', async () => {
    const world = lyingWorld();
    world.liar.lie = async (request, inner) => {
      if (request.method !== 'PATCH') return null;
      // The answer of a server that says yes and does nothing.
      return inner.send({ ...request, method: 'GET', headers: { ...request.headers } });
    };
    const report = await world.pass();
    expect(codes(report)).toContain('ChangeNotVisible');
    expect(childKeys(world)).toEqual([]);
  });
});

describe('a key', () => {
  it('is not minted when the store refuses the probe (K1)', async () => {
    const world = lyingWorld();
    const { secrets } = world.effects();
    await passWith(world, { secrets: { ...secrets, probe: async () => ({ ok: false, message: 'No room.' }) } });
    expect(sent(world, /POST .*api-keys/)).toBe(0);
  });

  it('whose secret could not be stored is in no status, and its secret comes with the next pass (I3, I11)', async () => {
    const world = lyingWorld();
    const { secrets } = world.effects();
    const report = await passWith(world, {
      secrets: { ...secrets, put: async () => ({ ok: false, message: 'No room.' }) },
    });
    expect(codes(report)).toEqual(['SecretNotStored']);
    const [key] = childKeys(world);
    expect(statusOf(world)).not.toContain(key?.id);
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect([childKeys(world).length, world.disk.textOf(secretPath(world))]).toEqual([1, key?.secret]);
  });

  it('whose answer was lost is minted once, and its secret is kept', async () => {
    const world = lyingWorld();
    world.sandbox.faults.add({ match: { method: 'POST', path: KEYS }, fault: { kind: 'lost-answer' } });
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    expect(childKeys(world).map(({ secret }) => secret)).toEqual([world.disk.textOf(secretPath(world))]);
  });

  it('whose rotation was lost is rotated once, and its new secret is kept', async () => {
    const world = await onboarded();
    world.sandbox.clock.advance(2 * HOUR_MS);
    const createdAfter = new Date(world.clock.now() - HOUR_MS).toISOString();
    world.declare('acme-coffee.yaml', `${ACME}    createdAfter: ${createdAfter}\n${statusOf(world)}`);
    world.sandbox.faults.add({
      match: { method: 'POST', path: '/v1/organizations/*/api-keys/*/rotate' },
      fault: { kind: 'lost-answer' },
    });
    expect((await world.pass()).customers[0]?.phase).toBe('Ready');
    const current = childKeys(world).filter(({ supersededBy }) => supersededBy === null);
    expect(current.map(({ secret }) => secret)).toEqual([world.disk.textOf(secretPath(world))]);
  });

  it.each([
    { reason: 'within 20 hours, but status says that it was stored', hours: 2, keepsStatus: true },
    { reason: 'after 21 hours, with status lost too', hours: 21, keepsStatus: false },
    { reason: 'after 30 hours, with status lost too', hours: 30, keepsStatus: false },
  ])('whose secret the store lost is neither minted again nor revoked: $reason', async ({ hours, keepsStatus }) => {
    const world = await onboarded();
    forgetSecret(world);
    if (!keepsStatus) forgetStatus(world);
    world.sandbox.clock.advance(hours * HOUR_MS);
    expect(codes(await world.pass({ full: true }))).toEqual(['SecretMissing']);
    expect(writes(world)).toBe(0);
  });

  it('leaves its secret in no file but the store’s, and in no report (I4)', async () => {
    const world = lyingWorld();
    const report = JSON.stringify(await world.pass());
    const [key] = childKeys(world);
    const secret = key?.secret ?? 'none';
    const places = [...world.disk.textsBelow(WORKSPACE)]
      .filter(([, text]) => text.includes(secret))
      .map(([path]) => path);
    expect(places).toEqual([secretPath(world)]);
    expect(report).not.toContain(secret);
  });
});

describe('a webhook', () => {
  it('that answers 404 for a moment after it was made is waited for (P7)', async () => {
    const world = lyingWorld({ workspaceYaml: FIREHOSE });
    let refusals = 2;
    world.liar.lie = async ({ method, path }) => {
      if (method !== 'GET' || !/webhook-endpoints\/./.test(path) || refusals-- <= 0) return null;
      const body = JSON.stringify({ error: { code: 'NOT_FOUND', message: 'Webhook endpoint not found.' } });
      return { kind: 'response', status: 404, headers: { 'content-type': 'application/json' }, body };
    };
    const { fleet } = await world.pass();
    expect([fleet.problems, fleet.steps.map(({ outcome }) => outcome)]).toEqual([[], ['done']]);
    expect(world.sandbox.snapshot().webhookEndpoints).toHaveLength(1);
  });

  it('is not created when the store refuses the probe', async () => {
    const world = lyingWorld({ workspaceYaml: FIREHOSE });
    const { secrets } = world.effects();
    await passWith(world, { secrets: { ...secrets, probe: async () => ({ ok: false, message: 'No room.' }) } });
    expect(sent(world, /POST .*webhook-endpoints/)).toBe(0);
  });

  it('whose secret was never stored is asked for with the body that it was created with, whatever was edited since', async () => {
    const world = lyingWorld({ workspaceYaml: FIREHOSE });
    const { secrets } = world.effects();
    await passWith(world, { secrets: { ...secrets, put: async () => ({ ok: false, message: 'No room.' }) } });
    const text = world.disk.textOf(`${WORKSPACE}/reconcile.yaml`) ?? '';
    world.disk.plant(`${WORKSPACE}/reconcile.yaml`, text.replace(', post.published', ''));
    await world.pass();
    const { webhookEndpoints, parentOrganizationId } = world.sandbox.snapshot();
    const stored = world.disk.textOf(`${WORKSPACE}/.reconcile/secrets/${parentOrganizationId}/webhooks/firehose`);
    expect(webhookEndpoints.map(({ signingSecret }) => signingSecret)).toEqual([stored]);
  });
});
