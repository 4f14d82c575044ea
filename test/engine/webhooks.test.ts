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
});
