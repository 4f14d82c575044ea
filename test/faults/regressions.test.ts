import { describe, expect, it } from 'vitest';
import { createMachine, type Machine, type ProcessHooks } from '../support/machine.ts';
import { crash } from '../support/memory-filesystem.ts';
import { variantNamed } from '../support/variants.ts';
import { ACME } from '../support/world.ts';
import { walkNamed } from '../walks/list.ts';
import { FILE, HOUR_MS, organizationOf, withoutStatus } from '../walks/stage.ts';

/** Histories that once went wrong, by name: found by the fault suites, kept here in words. */

async function at(walk: string): Promise<Machine> {
  const { options, before } = walkNamed(walk);
  const machine = createMachine(variantNamed('default'), options);
  await before(machine);
  return machine;
}

/** Dies at the first operation of a kind on a path that matches. */
function diesAt(path: RegExp, kind: string): ProcessHooks {
  return { onOperation: (operation) => (operation.kind === kind && path.test(operation.path) ? crash() : undefined) };
}

describe('a key that is replaced because its scopes changed', () => {
  it.each([
    { reason: 'the secret was stored, the status was not', path: /^\/workspace\/customers\//, kind: 'createExclusive' },
    { reason: 'nothing of the new key was stored', path: /secrets\/.*\/acme-coffee$/, kind: 'readDirectory' },
  ])('is not forgotten when the process dies before it says so: $reason', async ({ path, kind }) => {
    const machine = await at('key-scopes-edited');
    let minted = false;
    await machine.run({
      onRequest: (request, server) => {
        minted ||= request.method === 'POST' && request.path.endsWith('/api-keys');
        return server.perform(request);
      },
      onOperation: (operation) => (minted ? diesAt(path, kind).onOperation?.(operation) : undefined),
    });
    machine.wait(600_000);
    for (const _pass of [1, 2, 3]) {
      const { report } = await machine.run();
      expect(report?.customers[0]?.problems.map(({ code }) => code)).toEqual(['KeyOverlap']);
      machine.wait(600_000);
    }
    machine.wait(24 * 3_600_000);
    const { report } = await machine.run();
    expect(report?.customers[0]).toMatchObject({ phase: 'Ready', steps: [{ action: 'revoke', outcome: 'done' }] });
    machine.oracle.judgeAll();
    machine.oracle.assertHolds();
  });
});

describe('the number of grants in the status', () => {
  it.each(['raise', 'suspend'])('is not lowered by a ledger that shows fewer (%s)', async (walk) => {
    const machine = await at(walk);
    const { report } = await machine.run({
      onRequest: (request, server) => {
        const answer = server.perform(request);
        const isLedger = request.path.includes('/events') && request.path.includes('organizations');
        return isLedger && answer.kind === 'response' ? { ...answer, body: '{"items":[],"nextCursor":null}' } : answer;
      },
    });
    expect(report?.refused).toBeNull();
    expect(machine.text('customers/acme-coffee.yaml')).toMatch(/granted: 5000, slots: 1/);
    machine.oracle.assertHolds();
  });
});

describe('a status that cannot be read', () => {
  it('is not written over: it would veto no more', async () => {
    const machine = await at('raise');
    const before = machine.text('customers/acme-coffee.yaml');
    let reads = 0;
    const { report } = await machine.run({
      onOperation: ({ kind, path }) => {
        const isSecondRead = kind === 'readFile' && path.endsWith('/customers/acme-coffee.yaml') && reads++ === 1;
        return isSecondRead ? { fail: 'EIO' } : undefined;
      },
    });
    expect(report?.customers[0]).toMatchObject({ phase: 'Stalled', problems: [{ code: 'StatusUnreadable' }] });
    expect(machine.text('customers/acme-coffee.yaml')).toBe(before);
    machine.oracle.assertHolds();
  });
});

describe('a customer that somebody suspended', () => {
  it('is sent nothing because one of two reads still shows it active', async () => {
    const machine = await at('suspended-by-hand');
    const { report, requests } = await machine.run({
      onRequest: (request, server) => {
        const answer = server.perform(request);
        const isItsPage = /\/organizations\/org_[0-9a-f-]+$/.test(request.path);
        if (!isItsPage || answer.kind !== 'response') return answer;
        return { ...answer, body: answer.body.replace('"status":"suspended"', '"status":"active"') };
      },
    });
    expect(requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(report?.customers[0]?.problems).toMatchObject([{ code: 'StaleRead', severity: 'held' }]);
    machine.oracle.assertHolds();
  });

  it('in the middle of a pass is not called Ready', async () => {
    const machine = await at('raise');
    const { report } = await machine.run({
      onRequest: (request, server) => {
        const answer = server.perform(request);
        if (request.path.endsWith('/allocate')) machine.sandbox.hands.suspend(organizationOf(machine));
        return answer;
      },
    });
    expect(report?.customers[0]).toMatchObject({ phase: 'Held', problems: [{ code: 'SuspendedMeanwhile' }] });
    expect((await machine.run()).report?.customers[0]?.problems).toMatchObject([{ code: 'SuspendedByHand' }]);
    machine.oracle.assertHolds();
  });
});

describe('an archive', () => {
  it('does not trust a read from before the suspension about what is reserved', async () => {
    const machine = await at('archive-waits');
    let suspended = false;
    let pages = 0;
    const { report } = await machine.run({
      onRequest: (request, server) => {
        suspended ||= request.path.endsWith('/suspend');
        const answer = server.perform(request);
        const isItsPage = request.method === 'GET' && /\/organizations\/org_[0-9a-f-]+$/.test(request.path);
        if (!isItsPage || !suspended || answer.kind !== 'response') return answer;
        pages += 1;
        // The first page behind the suspension is its read-back.
        if (pages !== 2) return answer;
        const old = answer.body.replace('"status":"suspended"', '"status":"active"');
        return { ...answer, body: old.replace('"available":4900', '"available":5000') };
      },
    });
    expect(report?.customers[0]).toMatchObject({ phase: 'Held', problems: [{ code: 'StaleRead' }] });
    expect(machine.sandbox.snapshot().organizations.map(({ status }) => status)).not.toContain('archived');
    machine.oracle.assertHolds();
  });
});

describe('a PATCH that replaces metadata, as the API did before June 2026', () => {
  it.each(['name-edited', 'suspend'])(
    'leaves our mark on the organization, for it travels along (%s)',
    async (walk) => {
      const { options, before } = walkNamed(walk);
      const machine = createMachine(variantNamed('patch-replaces-metadata'), options);
      await before(machine);
      machine.edit('customers/acme-coffee.yaml', (text) => text.replace('credits: 5000', 'credits: 8000'));
      await machine.run();
      expect(machine.sandbox.snapshot().organizations.map(({ metadata }) => metadata)).toContainEqual(
        expect.objectContaining({ externalId: 'acme-coffee', rcn: '1', rcn_inc: '1' }),
      );
      machine.oracle.judgeAll();
      machine.oracle.assertHolds();
    },
  );
});

describe('a status that cannot be read for once', () => {
  it('is not written over: what it remembers is there again in the next pass', async () => {
    const machine = await at('key-scopes-edited-twice');
    const before = machine.text('customers/acme-coffee.yaml');
    let reads = 0;
    const { report } = await machine.run({
      onOperation: ({ kind, path }) => {
        if (kind === 'readFile' && path.endsWith('acme-coffee.yaml')) reads += 1;
        return reads === 2 && kind === 'readFile' && path.endsWith('acme-coffee.yaml') ? { fail: 'EIO' } : undefined;
      },
    });
    expect(report?.customers[0]?.problems.map(({ code }) => code)).toEqual(['StatusUnreadable']);
    expect(machine.text('customers/acme-coffee.yaml')).toBe(before);
    machine.oracle.assertHolds();
  });
});

/** The listing of the keys, without the one that was made first. */
function lacksOldestKey(): ProcessHooks {
  return {
    onRequest: (request, server) => {
      const answer = server.perform(request);
      if (request.method !== 'GET' || !request.path.includes('/api-keys') || answer.kind !== 'response') return answer;
      const { items } = JSON.parse(answer.body);
      return { ...answer, body: JSON.stringify({ items: items.slice(0, -1), nextCursor: null }) };
    },
  };
}

describe('a list of keys that lacks one', () => {
  it('makes no second key out of the wish for the secret of another', async () => {
    const machine = await at('key-made-twice');
    const { report, writes } = await machine.run(lacksOldestKey());
    expect([writes, report?.customers[0]?.problems.map(({ code }) => code)]).toEqual([0, ['KeyNotListed']]);
    machine.oracle.assertHolds();
  });

  it('does not save a replaced key from the end of its overlap', async () => {
    const machine = await at('key-overlap-ended');
    await machine.run(lacksOldestKey());
    machine.wait(600_000);
    await machine.run();
    expect(
      machine.sandbox
        .snapshot()
        .apiKeys.filter(({ status, name }) => status === 'active' && name === 'acme-integration'),
    ).toHaveLength(1);
    machine.oracle.judgeAll();
    machine.oracle.assertHolds();
  });

  it('pushes no secret that works out of the store', async () => {
    const machine = await at('key-change-waited');
    await machine.run(lacksOldestKey());
    machine.oracle.judgeAll();
    machine.oracle.assertHolds();
  });
});

describe('an adopted organization on an API that returns no marks', () => {
  it('is granted the difference once, whatever is forgotten: its own grant looks like one by hand (I1)', async () => {
    const { options, before } = walkNamed('adopt');
    const machine = createMachine(variantNamed('P2-no-markers'), options);
    await before(machine);
    machine.goBack(machine.now());
    await machine.run();
    machine.edit(FILE, withoutStatus);
    machine.wait(25 * HOUR_MS);
    const { report } = await machine.run();
    expect(report?.customers[0]?.problems.map(({ code }) => code)).toContain('UnmarkedLedger');
    expect(report?.customers[0]?.steps).toEqual([]);
    machine.oracle.judgeAll();
    machine.oracle.assertHolds();
  });
});

describe('a listing that lacks an organization made by hand', () => {
  it('makes no second one while the parent ledger shows credits that went to it (I2)', async () => {
    const machine = createMachine(variantNamed('default'));
    const made = machine.sandbox.hands.createOrganization({ name: 'Acme Coffee' });
    if (!made.done) throw new Error('it was not made');
    machine.sandbox.hands.foreignTransfer(made.organization.id, 2_000);
    machine.save(FILE, ACME);
    machine.goBack(machine.now());
    const { report, writes } = await machine.run({
      onRequest: (request, server) => {
        const answer = server.perform(request);
        const isListing = /organizations\?/.test(request.path);
        return isListing && answer.kind === 'response' ? { ...answer, body: '{"items":[],"nextCursor":null}' } : answer;
      },
    });
    expect([writes, report?.customers[0]?.problems.map(({ code }) => code)]).toEqual([0, ['ListingIncomplete']]);
    machine.oracle.assertHolds();
  });
});

describe('a secret that a killed process left, and that is not durable yet', () => {
  it.each([
    { what: 'the signing secret of a webhook', path: /secrets\/.*\/webhooks$/ },
    { what: 'the secret of a key', path: /secrets\/.*\/customers\/acme-coffee$/ },
  ])('is made durable before a status names it: $what', async ({ path }) => {
    const machine = await at('onboard');
    await machine.run({
      onOperation: ({ kind, path: where }) =>
        kind === 'fsyncDirectory' && path.test(where) && storedBelow(machine, where) ? crash() : undefined,
    });
    machine.wait(600_000);
    await machine.run();
    machine.losePower(() => false);
    machine.wait(600_000);
    const { report } = await machine.run();
    expect(report?.customers[0]?.phase).toBe('Ready');
    machine.oracle.judgeAll();
    machine.oracle.assertHolds();
  });

  function storedBelow(machine: Machine, directory: string): boolean {
    return machine.disk.textsBelow(directory).some(([, text]) => /^(whsec_|lp_live_)/.test(text));
  }
});
