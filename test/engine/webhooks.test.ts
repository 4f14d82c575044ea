import { describe, expect, it } from 'vitest';
import { ACME, createWorld, FIREHOSE, WORKSPACE, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;

function worldWith(workspaceYaml: string): World {
  const world = createWorld({ workspaceYaml });
  world.declare('acme-coffee.yaml', ACME);
  return world;
}

/** Replaces the webhooks in reconcile.yaml, and keeps the lines above them and the recorded status below. */
function redeclare(world: World, webhooks: string): void {
  const path = `${WORKSPACE}/reconcile.yaml`;
  const text = world.disk.textOf(path) ?? '';
  const status = text.indexOf('\nstatus:') < 0 ? '' : text.slice(text.indexOf('\nstatus:') + 1);
  world.disk.plant(path, text.slice(0, text.indexOf('webhooks:')) + webhooks + status);
}

const endpoints = (world: World) => world.sandbox.snapshot().webhookEndpoints;
const secretOf = (world: World) =>
  world.disk.textOf(`${WORKSPACE}/.reconcile/secrets/${world.sandbox.parent().organizationId}/webhooks/firehose`);
const actions = (report: Awaited<ReturnType<World['pass']>>) =>
  report.fleet.steps.map(({ action, outcome }) => `${action} ${outcome}`);

async function settledPass(world: World) {
  const report = await world.pass();
  const operations = world.sandbox.snapshot().operations.length;
  const again = await world.pass();
  expect(again.planHash).toBeNull();
  expect(world.sandbox.snapshot().operations).toHaveLength(operations);
  return report;
}

describe('a declared webhook', () => {
  it('is changed in place, events compared as sets, never deleted and made again', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    const [before] = endpoints(world);
    redeclare(world, FIREHOSE.replace('[content.generated, post.published]', '[post.published, content.generated]'));
    expect(actions(await settledPass(world))).toEqual([]);
    redeclare(world, FIREHOSE.replace('[content.generated, post.published]', '[job.failed]').replace('/layers', '/v2'));
    expect(actions(await settledPass(world))).toEqual(['change done']);
    expect(endpoints(world)).toMatchObject([{ id: before?.id, events: ['job.failed'] }]);
  });

  it('is paused and activated as declared', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    redeclare(world, `${FIREHOSE}    state: paused\n`);
    expect(actions(await settledPass(world))).toEqual(['change done']);
    expect(endpoints(world)).toMatchObject([{ status: 'paused' }]);
  });

  it('gets a new signing secret when secretCreatedAfter is raised, and the old one is kept beside it', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    const old = secretOf(world);
    world.sandbox.clock.advance(2 * HOUR_MS);
    const asked = new Date(world.clock.now() - HOUR_MS).toISOString();
    redeclare(world, `${FIREHOSE}    secretCreatedAfter: ${asked}\n`);
    expect(actions(await settledPass(world))).toEqual(['rotate done']);
    expect(secretOf(world)).not.toBe(old);
    expect(Object.values(world.disk.files())).toContain(old);
  });

  it.each([
    { reason: 'within the second that the `Date` of an answer leaves out', aheadMs: 300 },
    { reason: 'by a server whose clock is behind', aheadMs: 0 },
  ])('is rotated once for one request, $reason (V2)', async ({ aheadMs }) => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    world.sandbox.clock.advance(2 * HOUR_MS + aheadMs);
    redeclare(world, `${FIREHOSE}    secretCreatedAfter: ${new Date(world.clock.now()).toISOString()}\n`);
    expect(actions(await settledPass(world))).toEqual(['rotate done']);
    const secret = secretOf(world);
    world.sandbox.clock.advance(30 * HOUR_MS);
    await settledPass(world);
    expect(secretOf(world)).toBe(secret);
  });

  it('is deleted when declared so, and made again under a fresh ordinal when declared again', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    redeclare(world, `${FIREHOSE}    state: deleted\n`);
    expect(actions(await settledPass(world))).toEqual(['remove done']);
    expect(endpoints(world)).toEqual([]);
    redeclare(world, FIREHOSE);
    expect(actions(await settledPass(world))).toEqual(['create done']);
    expect(endpoints(world)).toHaveLength(1);
  });

  it('that was removed behind our back is missed, never silently made again', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    const { token } = world.sandbox.parent();
    const [endpoint] = endpoints(world);
    world.sandbox.handle({
      method: 'DELETE',
      path: `/v1/webhook-endpoints/${endpoint?.id}`,
      headers: { authorization: `Bearer ${token}` },
    });
    const report = await world.pass();
    expect(report.fleet.problems).toMatchObject([{ code: 'WebhookMissing' }]);
    expect(endpoints(world)).toEqual([]);
  });

  it('is not made beside one of the same URL and scope; `adopt` takes that one over', async () => {
    const world = worldWith(FIREHOSE);
    const { token } = world.sandbox.parent();
    const made = world.sandbox.handle({
      method: 'POST',
      path: '/v1/webhook-endpoints',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        url: 'https://hooks.partner.example/layers',
        events: ['content.generated', 'post.published'],
        scope: 'all_children',
      }),
    });
    expect(made).toMatchObject({ status: 201 });
    const [byHand] = endpoints(world);
    expect((await world.pass()).fleet.problems).toMatchObject([{ code: 'WebhookExists' }]);
    redeclare(world, `${FIREHOSE}    adopt: ${byHand?.id}\n`);
    expect(actions(await world.pass())).toEqual(['adopt done']);
    expect((await world.pass()).fleet.problems).toMatchObject([{ code: 'SecretMissing' }]);
    world.sandbox.clock.advance(2 * HOUR_MS);
    const asked = new Date(world.clock.now() - HOUR_MS).toISOString();
    redeclare(world, `${FIREHOSE}    adopt: ${byHand?.id}\n    secretCreatedAfter: ${asked}\n`);
    expect(actions(await settledPass(world))).toEqual(['rotate done']);
    expect(endpoints(world)).toHaveLength(1);
  });

  it('to a host that is not allowed is held back, and the customers go on', async () => {
    const world = worldWith(`${FIREHOSE}guards:\n  allowedWebhookHosts: [other.example]\n`);
    const report = await world.pass();
    expect(actions(report)).toEqual(['create blocked']);
    expect(report.customers).toMatchObject([{ phase: 'Ready' }]);
    expect(endpoints(world)).toEqual([]);
  });
});

describe('an endpoint that was made, and that no status names yet', () => {
  it('is not made again while the list does not show it', async () => {
    let hidden = false;
    const world = createWorld({
      workspaceYaml: FIREHOSE,
      transport: (inner) => ({
        async send(request) {
          const answer = await inner.send(request);
          const isListing = request.method === 'GET' && request.path.startsWith('/v1/webhook-endpoints?');
          return hidden && isListing && answer.kind === 'response'
            ? { ...answer, body: '{"items":[],"nextCursor":null}' }
            : answer;
        },
      }),
    });
    world.declare('acme-coffee.yaml', ACME);
    await world.pass();
    // As a process leaves it that dies before its status is written.
    const path = `${WORKSPACE}/reconcile.yaml`;
    world.disk.plant(path, (world.disk.textOf(path) ?? '').replace(/^status:[\s\S]*/m, ''));
    hidden = true;
    const report = await world.pass();
    expect(report.fleet).toMatchObject({ steps: [], problems: [{ code: 'WebhookNotListed', severity: 'doubt' }] });
    expect(endpoints(world)).toHaveLength(1);
    hidden = false;
    expect(actions(await settledPass(world))).toEqual([]);
    expect(endpoints(world)).toHaveLength(1);
  });

  it('that goes to a host that is not allowed may still be paused and deleted', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    const guarded = (line: string) => `${FIREHOSE}${line}guards:\n  allowedWebhookHosts: [other.example]\n`;
    redeclare(world, guarded('    description: ours\n'));
    expect(actions(await world.pass())).toEqual(['change blocked']);
    redeclare(world, guarded('    state: paused\n'));
    expect(actions(await settledPass(world))).toEqual(['change done']);
    redeclare(world, guarded('    state: deleted\n'));
    expect(actions(await settledPass(world))).toEqual(['remove done']);
  });

  it('that somebody deleted is made again once `state: deleted` took note of it', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    world.sandbox.hands.deleteWebhook(endpoints(world)[0]?.id ?? '');
    redeclare(world, `${FIREHOSE}    state: deleted\n`);
    expect(actions(await settledPass(world))).toEqual([]);
    redeclare(world, FIREHOSE);
    expect(actions(await settledPass(world))).toEqual(['create done']);
    expect(endpoints(world)).toHaveLength(1);
  });

  it('that the API paused is paused and activated again as declared, never by itself', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    world.sandbox.hands.autoPauseWebhook(endpoints(world)[0]?.id ?? '');
    expect((await settledPass(world)).fleet.problems).toMatchObject([{ code: 'WebhookAutoPaused' }]);
    redeclare(world, `${FIREHOSE}    state: paused\n`);
    expect(actions(await settledPass(world))).toEqual(['change done']);
    redeclare(world, FIREHOSE);
    expect(actions(await settledPass(world))).toEqual(['change done']);
    expect(endpoints(world)).toMatchObject([{ status: 'active', consecutiveFailureCount: 0 }]);
  });

  it('that the status alone names, without our mark, is neither changed nor deleted (I7)', async () => {
    const world = worldWith('');
    const made = world.sandbox.hands.createWebhook({ url: 'https://elsewhere.example/hook' });
    if (!made.done) throw new Error('it was not made');
    const { id } = made.endpoint;
    const parent = world.sandbox.parent().organizationId;
    const forged = `status:\n  parentOrganizationId: ${parent}\n  webhooks: [{ name: firehose, id: ${id} }]\n`;
    const path = `${WORKSPACE}/reconcile.yaml`;
    const binding = world.disk.textOf(path) ?? '';
    for (const line of ['', '    state: deleted\n', '    state: paused\n']) {
      world.disk.plant(path, binding + FIREHOSE + line + forged);
      expect((await world.pass()).fleet).toMatchObject({ steps: [], problems: [{ code: 'WebhookUnmarked' }] });
    }
    expect(endpoints(world)).toMatchObject([{ id, status: 'active', metadata: {} }]);
  });

  it('has its fields changed although its signing secret is missing, which stays said (I3)', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    const root = `${WORKSPACE}/.reconcile/secrets/${world.sandbox.parent().organizationId}/webhooks`;
    for (const name of ['firehose', 'firehose.json']) world.disk.unlink(`${root}/${name}`);
    redeclare(world, FIREHOSE.replace('/layers', '/v2'));
    const report = await world.pass();
    expect([actions(report), report.fleet.problems.map(({ code }) => code)]).toEqual([
      ['change done'],
      ['SecretMissing'],
    ]);
    expect((await settledPass(world)).fleet.problems).toMatchObject([{ code: 'SecretMissing' }]);
  });

  it('is not rotated because the store is empty and an old secretCreatedAfter stands in the file (I3)', async () => {
    const world = worldWith(FIREHOSE);
    await settledPass(world);
    world.sandbox.clock.advance(2 * HOUR_MS);
    const asked = new Date(world.clock.now() - HOUR_MS).toISOString();
    redeclare(world, `${FIREHOSE}    secretCreatedAfter: ${asked}\n`);
    expect(actions(await settledPass(world))).toEqual(['rotate done']);
    world.sandbox.clock.advance(30 * 24 * HOUR_MS);
    const root = `${WORKSPACE}/.reconcile/secrets/${world.sandbox.parent().organizationId}/webhooks`;
    for (const name of ['firehose', 'firehose.json']) world.disk.unlink(`${root}/${name}`);
    const report = await settledPass(world);
    expect([actions(report), report.fleet.problems.map(({ code }) => code)]).toEqual([[], ['SecretMissing']]);
  });

  it('written down by the API with port and path is the same URL', async () => {
    const world = worldWith(FIREHOSE.replace('/layers', ''));
    await settledPass(world);
    const state = world.sandbox.snapshot();
    const webhookEndpoints = state.webhookEndpoints.map((row) => ({
      ...row,
      url: 'https://hooks.partner.example:443/',
    }));
    world.sandbox.restore({ ...state, webhookEndpoints });
    expect(actions(await settledPass(world))).toEqual([]);
  });

  it('shows a host in punycode in both forms', async () => {
    const world = worldWith(FIREHOSE.replace('hooks.partner.example', 'xn--bcher-kva.example'));
    const [step] = (await world.pass({ dryRun: true })).fleet.steps;
    expect(step).toMatchObject({
      after: { url: 'https://xn--bcher-kva.example/layers' },
      reason: 'no endpoint carries this name; its host reads bücher.example',
    });
  });
});
