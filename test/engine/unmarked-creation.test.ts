import { expect, it } from 'vitest';
import type { Transport } from '../../src/effects/layers/transport.ts';
import { ACME, createWorld } from '../support/world.ts';

/** An API that creates the organization and forgets what it was told to keep about it. */
const forgetful = (inner: Transport): Transport => ({
  async send(request) {
    const answer = await inner.send(request);
    if (request.method !== 'POST' || request.path !== '/v1/organizations' || answer.kind !== 'response') return answer;
    return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), metadata: {} }) };
  },
});

it('an organization that does not read back with our mark is given neither money nor keys (I6)', async () => {
  const world = createWorld({ transport: forgetful });
  world.declare('acme-coffee.yaml', ACME);
  const report = await world.pass();
  expect(report.customers[0]).toMatchObject({ phase: 'Stalled', problems: [{ code: 'MarkChanged' }] });
  expect(world.sandbox.snapshot().operations.map(({ kind }) => kind)).toEqual(['organization.create']);
});
