import { describe, expect, it } from 'vitest';
import type { Transport, WireAnswer } from '../../src/effects/layers/transport.ts';
import { ACME, createWorld, FIREHOSE, WORKSPACE, type World } from '../support/world.ts';

/** What the documentation leaves to a server: additive fields, null or missing, headers, statuses (operational/versioning). */

const HOUR_MS = 3_600_000;

type Response = Extract<WireAnswer, { kind: 'response' }>;
type Vary = (answer: Response) => Response;

const varied =
  (vary: Vary) =>
  (inner: Transport): Transport => ({
    async send(request) {
      const answer = await inner.send(request);
      return answer.kind === 'response' ? vary(answer) : answer;
    },
  });

/** Every object of a body, inside out; what people and we keep under `metadata` is left as it is. */
function eachObject(value: unknown, change: (members: [string, unknown][]) => [string, unknown][]): unknown {
  if (Array.isArray(value)) return value.map((one) => eachObject(one, change));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, inner]): [string, unknown] => {
    return [name, name === 'metadata' ? inner : eachObject(inner, change)];
  });
  return Object.fromEntries(change(members));
}

const inBody =
  (change: (members: [string, unknown][]) => [string, unknown][]): Vary =>
  (answer) => ({ ...answer, body: JSON.stringify(eachObject(JSON.parse(answer.body), change)) });

/** The page names the field and confirms `graceUntil` alone (organizations/api-keys/rotate). */
const noSuccessor = inBody((members) =>
  members.map(([name, value]): [string, unknown] => [name, name === 'supersededBy' ? null : value]),
);

const withHeaders =
  (keep: (name: string) => boolean): Vary =>
  (answer) => ({
    ...answer,
    headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => keep(name))),
  });

const missingForNull = inBody((members) => members.filter(([, value]) => value !== null));
const unknownFields = inBody((members) => [...members, ['addedLater', { deep: [1, 'two', null] }], ['_links', {}]]);
const bareHeaders = withHeaders((name) => name === 'content-type');
const acceptedFor: Vary = (answer) => ({ ...answer, status: answer.status < 300 ? 202 : answer.status });
const otherJsonType: Vary = (answer) => ({
  ...answer,
  headers: { ...answer.headers, 'content-type': 'application/vnd.layers.v1+json; charset=utf-8' },
});

const KEYS = `${ACME}  - { name: second, scopes: [content:read] }\n`;

/** A customer's life: onboarded, raised, its key rotated, suspended, resumed, archived; each pass followed by one that plans nothing. */
async function live(world: World): Promise<void> {
  const file = `${WORKSPACE}/customers/acme-coffee.yaml`;
  const settle = async (edit: (text: string) => string, phase: string): Promise<void> => {
    world.disk.plant(file, edit(world.disk.textOf(file) ?? ''));
    const report = await world.pass();
    expect([report.refused, report.customers[0]?.phase, report.customers[0]?.problems]).toEqual([null, phase, []]);
    const again = await world.pass({ full: true });
    expect([again.planHash, again.customers[0]?.phase]).toEqual([null, phase]);
  };
  await settle(() => KEYS, 'Ready');
  await settle((text) => text.replace('credits: 5000', 'credits: 6000').replace('cap: 5000', 'cap: null'), 'Ready');
  await settle((text) => text.replace('cap: null', 'cap: 7000').replace('amount: 2000 }', 'amount: 1 }'), 'Ready');
  world.sandbox.clock.advance(2 * HOUR_MS);
  const asked = new Date(world.clock.now() - HOUR_MS).toISOString();
  await settle((text) => text.replace('name: second', `name: second, createdAfter: ${asked}`), 'Ready');
  await settle((text) => text.replace('name: second', 'state: revoked, name: second'), 'Ready');
  await settle((text) => text.replace('name: Acme Coffee', 'name: Acme Tea'), 'Ready');
  await settle((text) => `state: suspended\n${text}`, 'Suspended');
  await settle((text) => text.replace('state: suspended\n', ''), 'Ready');
  await settle((text) => `state: archived\n${text}`, 'Archived');
}

describe('a customer lives through everything on an API', () => {
  it.each([
    { reason: 'that leaves out what is null', vary: missingForNull },
    { reason: 'that does not say by which key one was replaced', vary: noSuccessor },
    { reason: 'that has fields nobody knows', vary: unknownFields },
    { reason: 'that sends no header but the type', vary: bareHeaders },
    { reason: 'that answers 202 to everything', vary: acceptedFor },
    { reason: 'with a JSON type of its own', vary: otherJsonType },
  ])('$reason', async ({ vary }) => {
    const world = createWorld({
      workspaceYaml: `${FIREHOSE}guards: { requireCapWithRefill: false }\n`,
      transport: varied(vary),
    });
    await live(world);
    const { ledger, organizations } = world.sandbox.snapshot();
    const granted = ledger.filter(({ eventType, credits, metadata }) => {
      return eventType === 'allocation' && credits > 0 && metadata?.['rcn'] === '1';
    });
    expect(granted.map(({ credits }) => credits).toSorted((a, b) => a - b)).toEqual([1000, 5000]);
    expect(organizations.filter(({ parentOrganizationId }) => parentOrganizationId !== null)).toHaveLength(1);
  });
});
