import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createWorld, type World } from '../support/world.ts';

/**
 * What people declare, at random: whatever a valid file asks for is carried out once and then planned no more. The
 * amounts stay below the wallet of the sandbox, because what the parent cannot pay is rightly planned again.
 */
const credits = fc.constantFrom(0, 1, 500, 5000);
const label = fc.constantFrom('Acme', 'Ümläut & Söhne', 'a: b #c', '- 1', 'x'.repeat(60));

const key = fc.record({
  name: fc.constantFrom('main', 'spare', 'Key of the blog', 'null', '7'),
  scopes: fc.uniqueArray(fc.constantFrom('content:read', 'content:write', 'jobs:read'), { minLength: 1 }),
  env: fc.constantFrom('live', 'test'),
});

const customer = fc.record(
  {
    name: label,
    billingEmail: fc.constantFrom('ops@acme.example', null),
    metadata: fc.dictionary(fc.constantFrom('plan', 'crm id', '1', 'segment.a'), label, { maxKeys: 3 }),
    credits,
    cap: fc.option(fc.constantFrom(0, 1000, 12_000)),
    refill: fc.option(fc.record({ threshold: fc.constantFrom(1, 100, 6000), amount: fc.constantFrom(1, 250, 1000) })),
    keys: fc.uniqueArray(key, { maxLength: 3, selector: ({ name }) => name.toLowerCase() }),
    state: fc.constantFrom('active', 'active', 'active', 'suspended', 'archived'),
  },
  { requiredKeys: ['name', 'credits'] },
);

const fleet = fc.array(customer, { minLength: 1, maxLength: 3 });
type Customer = (typeof fleet extends fc.Arbitrary<infer Fleet> ? Fleet : never)[number];

function declareAll(world: World, customers: readonly Customer[]): void {
  customers.forEach((declared, index) => {
    const externalId = `customer-${index}`;
    world.declare(`${externalId}.yaml`, stringify({ externalId, ...declared }));
  });
}

/** What a guard holds back stays planned, as it should; here nothing is. */
const workspaceYaml = 'guards: { requireCapWithRefill: false, maxArchives: 10, maxKeyRevocations: 30 }\n';

/** Steps that wait for an earlier one to be seen (an archive for its suspension) take more than one pass. */
const PASSES_MAX = 4;

async function settle(world: World): Promise<void> {
  for (let count = 0; count < PASSES_MAX; count += 1) {
    const { customers, refused } = await world.pass();
    expect(refused).toBeNull();
    expect(customers.flatMap(({ steps }) => steps).filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    if (customers.every(({ steps }) => steps.length === 0)) return;
    world.sandbox.clock.advance(3_600_000);
  }
}

describe.each(['inline', 'directory'] as const)('with status %s', (statusStore) => {
  it('plans nothing and sends no write after an apply, whatever was declared, edited once in between', async () => {
    await fc.assert(
      fc.asyncProperty(fleet, fleet, async (first, second) => {
        const world = createWorld({ statusStore, workspaceYaml });
        for (const declared of [first, second.slice(0, first.length)]) {
          declareAll(world, declared);
          await settle(world);
          for (const full of [false, true]) {
            world.forgetRequests();
            const again = await world.pass({ full });
            expect(again.customers.flatMap(({ steps }) => steps)).toEqual([]);
            expect(world.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
          }
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});
