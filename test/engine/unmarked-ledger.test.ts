import { describe, expect, it } from 'vitest';
import type { Transport } from '../../src/effects/layers/transport.ts';
import { ACME, createWorld, WORKSPACE, type World } from '../support/world.ts';

/** A ledger that answers, but not with what we wrote: each row is given these members instead (P2). */
const showing =
  (members: { readonly metadata: object | null; readonly description: string | null }) =>
  (inner: Transport): Transport => ({
    async send(request) {
      const answer = await inner.send(request);
      if (!request.path.includes('/credits/events') || answer.kind !== 'response' || answer.status !== 200)
        return answer;
      const page = JSON.parse(answer.body);
      return {
        ...answer,
        body: JSON.stringify({ ...page, items: page.items.map((row: object) => ({ ...row, ...members })) }),
      };
    },
  });

const SERVERS_OWN = { direction: 'in', counterpartyOrgId: 'org_2481fa5c-a404-44ed-a561-565392499abc' };
const FILE = `${WORKSPACE}/customers/acme-coffee.yaml`;

/** Keys are forgotten after a day, so that nothing but the ledger keeps a grant from being made again. */
const forgetfulWorld = (transport: (inner: Transport) => Transport): World =>
  createWorld({ behaviour: { allocateKeyForever: false }, transport });

const paid = ({ sandbox }: World): number[] =>
  sandbox
    .snapshot()
    .ledger.flatMap(({ eventType, credits }) => (eventType === 'allocation' && credits > 0 ? credits : []));

describe('a first grant on a ledger that does not show our mark (P2)', () => {
  it.each([
    { reason: 'empty metadata', metadata: {}, description: null },
    { reason: 'an empty description', metadata: null, description: '' },
    { reason: "the server's own metadata", metadata: SERVERS_OWN, description: null },
    { reason: "the server's own metadata and an empty description", metadata: SERVERS_OWN, description: '' },
  ])('is made once, whatever is forgotten: $reason (I1)', async ({ metadata, description }) => {
    const world = forgetfulWorld(showing({ metadata, description }));
    world.declare('acme-coffee.yaml', ACME);
    for (const hours of [1, 1, 26, 26]) {
      const report = await world.pass();
      expect(report.customers[0]?.problems.map(({ code }) => code)).toContain('UnmarkedLedger');
      world.disk.plant(FILE, ACME);
      world.sandbox.clock.advance(hours * 3_600_000);
    }
    expect(paid(world)).toEqual([5000]);
  });

  it('is made once where the server writes a description of its own: the status remembers it (I1)', async () => {
    const world = forgetfulWorld(showing({ metadata: null, description: 'Credit allocation' }));
    world.declare('acme-coffee.yaml', ACME);
    const first = await world.pass();
    expect(first.customers[0]?.problems.map(({ code }) => code)).toContain('UnmarkedLedger');
    for (const _day of [1, 2, 3]) {
      world.sandbox.clock.advance(26 * 3_600_000);
      expect((await world.pass()).customers[0]).toMatchObject({ phase: 'Held', steps: [] });
    }
    expect(paid(world)).toEqual([5000]);
  });

  it('is sent no second time while its key is remembered, when the status says that it was made (V3)', async () => {
    const world = forgetfulWorld(showing({ metadata: SERVERS_OWN, description: null }));
    world.declare('acme-coffee.yaml', ACME);
    await world.pass();
    world.forgetRequests();
    await world.pass();
    expect(world.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('credits that somebody sent by hand before the first grant', () => {
  const held = async (): Promise<World> => {
    const world = createWorld({ prepaidCredits: 1_000 });
    world.declare('acme-coffee.yaml', ACME);
    await world.pass();
    world.sandbox.hands.foreignTransfer(
      world.sandbox.snapshot().organizations.find(({ name }) => name === 'Acme Coffee')?.id ?? '',
      700,
    );
    world.sandbox.hands.fundParent(100_000);
    return world;
  };

  it('hold nothing back while their row is young: was it ours, its key would be remembered', async () => {
    const world = await held();
    expect((await world.pass()).customers[0]?.problems.map(({ code }) => code)).toEqual(['ForeignCredits']);
    expect(paid(world).toSorted((a, b) => a - b)).toEqual([700, 5000]);
  });

  it('hold nothing back where the parent’s ledger shows that marks are returned', async () => {
    const world = await held();
    world.declare('birch.yaml', ACME.replaceAll('acme-coffee', 'birch').replace('Acme Coffee', 'Birch'));
    await world.pass({ customers: ['birch'] });
    world.sandbox.clock.advance(26 * 3_600_000);
    const { customers } = await world.pass();
    expect(customers.map(({ phase }) => phase)).toEqual(['Ready', 'Ready']);
  });

  it('hold the grant back when they are old and nothing shows that they are not ours (I1)', async () => {
    const world = await held();
    world.sandbox.clock.advance(26 * 3_600_000);
    expect((await world.pass()).customers[0]?.problems.map(({ code }) => code)).toContain('UnmarkedLedger');
    expect(paid(world)).toEqual([700]);
  });
});
