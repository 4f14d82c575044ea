import { describe, expect, it } from 'vitest';
import { verifyLedgers } from '../../../src/engine/inspect/verify-ledgers.ts';
import type { SandboxState } from '../../../src/sandbox/index.ts';
import { ACME, createWorld, WORKSPACE, type World, type WorldOptions } from '../../support/world.ts';

async function onboarded(options: WorldOptions = {}): Promise<World> {
  const world = createWorld(options);
  world.declare('acme-coffee.yaml', ACME);
  await world.pass();
  world.declare('birch.yaml', 'externalId: birch\nname: Birch\ncredits: 300\n');
  await world.pass();
  world.forgetRequests();
  return world;
}

async function verify(world: World) {
  const verification = await verifyLedgers(world.effects(true), {
    concurrency: 4,
    bindingRequired: true,
    signal: new AbortController().signal,
  });
  if (!verification.ok) throw new Error(verification.refusal.message);
  return verification.audit;
}

type Ledger = SandboxState['ledger'];

/** Somebody changed the provider's books. */
function tamper(world: World, change: (ledger: Ledger) => Ledger): void {
  const state = world.sandbox.snapshot();
  world.sandbox.restore({ ...state, ledger: change(state.ledger) });
}

const codesOf = (audit: { readonly differences: readonly { readonly code: string }[] }) =>
  audit.differences.map(({ code }) => code);

describe('verifying the ledgers', () => {
  it('finds both ledgers, the journal and the sums agreed after onboarding, by reads alone', async () => {
    const world = await onboarded();
    const files = world.disk.files();
    const audit = await verify(world);
    expect(audit.differences).toEqual([]);
    expect(audit.totals).toEqual({ credited: 5300, debited: 5300, journalled: 2 });
    expect(world.requests.every(({ method }) => method === 'GET')).toBe(true);
    expect(world.disk.files()).toEqual(files);
  });

  it('counts neither refills nor transfers by hand, nor what an archive takes back', async () => {
    const world = await onboarded();
    const [acme, birch] = ['Acme Coffee', 'Birch'].map(
      (wanted) => world.sandbox.snapshot().organizations.find(({ name }) => name === wanted)?.id ?? '',
    );
    world.sandbox.hands.spend(acme ?? '', 4500);
    world.sandbox.hands.foreignTransfer(acme ?? '', 70);
    world.sandbox.hands.archive(birch ?? '');
    const audit = await verify(world);
    expect(audit.differences).toEqual([]);
    expect(audit.organizations.find(({ externalId }) => externalId === 'birch')).toMatchObject({ status: 'archived' });
  });

  it('includes a customer whose file is gone', async () => {
    const world = await onboarded();
    world.disk.unlink(`${WORKSPACE}/customers/birch.yaml`);
    expect((await verify(world)).organizations.find(({ externalId }) => externalId === 'birch')).toMatchObject({
      file: null,
      credited: 300,
    });
  });

  it('holds without the journal, which is history only', async () => {
    const world = await onboarded();
    world.disk.unlink(`${WORKSPACE}/.reconcile/journal.jsonl`);
    const audit = await verify(world);
    expect(audit.differences).toEqual([]);
    expect(audit.totals.journalled).toBe(0);
  });

  it.each<{ reason: string; change: (ledger: Ledger, parent: string) => Ledger; expected: string }>([
    {
      reason: 'the parent’s row is gone',
      change: (ledger, parent) => ledger.filter((row) => row.organizationId !== parent || row.credits !== -5000),
      expected: 'NoDebit',
    },
    {
      reason: 'the child’s row is gone',
      change: (ledger) => ledger.filter((row) => row.credits !== 5000),
      expected: 'NoCredit',
    },
    {
      reason: 'the child’s row was copied',
      change: (ledger) =>
        ledger.flatMap((row) =>
          row.credits === 5000 ? [row, { ...row, id: 'aaaaaaaa-0000-4000-8000-000000000000' }] : [row],
        ),
      expected: 'ChainBroken',
    },
    {
      reason: 'the amount of the child’s row was changed',
      change: (ledger) => ledger.map((row) => (row.credits === 5000 ? { ...row, credits: 4000 } : row)),
      expected: 'AmountsDiffer',
    },
  ])('sees that $reason', async ({ change, expected }) => {
    const world = await onboarded();
    tamper(world, (ledger) => change(ledger, world.sandbox.parent().organizationId));
    expect(codesOf(await verify(world))).toContain(expected);
  });

  it('takes no grant that is made while it reads for a difference', async () => {
    const world = await onboarded();
    const { reader, ...effects } = world.effects(true);
    let raised = false;
    const verification = await verifyLedgers(
      {
        ...effects,
        reader: {
          ...reader,
          async childLedger(organizationId, query) {
            // Between the read of the parent's ledger and that of the child's.
            if (!raised) {
              raised = true;
              world.declare('acme-coffee.yaml', ACME.replace('credits: 5000', 'credits: 9000'));
              await world.pass();
            }
            return reader.childLedger(organizationId, query);
          },
        },
      },
      { concurrency: 1, bindingRequired: true, signal: new AbortController().signal },
    );
    expect(verification).toMatchObject({ ok: true, audit: { differences: [], totals: { credited: 9300 } } });
  });

  it('says that it could not compare when a listing cannot be read', async () => {
    const world = await onboarded();
    world.sandbox.faults.add({
      match: { method: 'GET', path: '/v1/credits/events' },
      times: 10,
      fault: { kind: 'error-before', status: 403 },
    });
    const verification = await verifyLedgers(world.effects(true), {
      concurrency: 4,
      bindingRequired: true,
      signal: new AbortController().signal,
    });
    expect(verification).toMatchObject({ ok: false, refusal: { kind: 'cannot-run' } });
  });
});
