import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { durationInRangePattern, parseDuration } from '../../../src/core/declaration/duration.ts';
import { existingInstantPattern, parseInstant } from '../../../src/core/declaration/instant.ts';
import { customerJsonSchema, workspaceJsonSchema } from '../../../src/core/declaration/json-schema.ts';
import { listenSettingInRangePattern, parseListenSetting } from '../../../src/core/declaration/listen-address.ts';
import { readCustomer, readWorkspace } from '../../../src/core/declaration/read.ts';

const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const published = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../schemas/${name}`, import.meta.url), 'utf8'));

test.each([
  { name: 'customer.schema.json', schema: customerJsonSchema },
  { name: 'reconcile.schema.json', schema: workspaceJsonSchema },
])('schemas/$name is what the declarations say today (npm run schemas)', ({ name, schema }) => {
  expect(published(name)).toEqual(JSON.parse(JSON.stringify(schema())));
});

// The language server’s own keyword for the sentence of a rule; to everybody else an annotation.
// The recorded status is described without types: it demands nothing.
const ajv = new Ajv2020({ strict: true, strictTypes: false }).addVocabulary(['patternErrorMessage']);
const isCustomer = ajv.compile(customerJsonSchema());
const isWorkspace = ajv.compile(workspaceJsonSchema());

test.each([
  { name: 'customer', schema: customerJsonSchema() },
  { name: 'reconcile', schema: workspaceJsonSchema() },
])('every member and entry of the $name schema has a description for editors, at every depth', ({ schema }) => {
  expect(membersWithoutDescription(schema, '')).toEqual([]);
});

function membersWithoutDescription(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([keyword, inner]: [string, unknown]) => {
    // Conditions are about members that are described where they are defined.
    if (keyword === 'if' || keyword === 'else') return [];
    if (keyword === 'items' || (keyword === 'additionalProperties' && typeof inner === 'object')) {
      const described = typeof inner === 'object' && inner !== null && 'description' in inner;
      return [...(described ? [] : [`${path}/${keyword}`]), ...membersWithoutDescription(inner, `${path}/${keyword}`)];
    }
    if (keyword !== 'properties') return membersWithoutDescription(inner, `${path}/${keyword}`);
    return Object.entries(inner ?? {}).flatMap(([member, definition]: [string, unknown]) => {
      const described = typeof definition === 'object' && definition !== null && 'description' in definition;
      return [
        ...(described ? [] : [`${path}/${member}`]),
        ...membersWithoutDescription(definition, `${path}/${member}`),
      ];
    });
  });
}

describe('a pattern for editors takes exactly what is read', () => {
  test('of durations', () => {
    const pattern = new RegExp(durationInRangePattern);
    for (let number = 0; number < 100_001; number += 1) {
      for (const text of [`${number}s`, `${number}m`, `${number}h`]) {
        if (pattern.test(text) !== (parseDuration(text) !== null)) expect.fail(text);
      }
    }
    for (const text of ['', 's', '1', '01m', '1d', '1m ', '-1s', '1.5h', '1s1s'])
      expect(pattern.test(text)).toBe(false);
  });

  test('of addresses', () => {
    const pattern = new RegExp(listenSettingInRangePattern);
    for (let port = 0; port < 100_001; port += 1) {
      const text = `127.0.0.1:${port}`;
      if (pattern.test(text) !== (parseListenSetting(text) !== null)) expect.fail(text);
    }
    for (const text of ['[::1]:00080', 'localhost:65535', 'localhost:65536', ':80', 'a:', 'a:000001'])
      expect(pattern.test(text), text).toBe(parseListenSetting(text) !== null);
  });

  test('of days and times', () => {
    const pattern = new RegExp(existingInstantPattern);
    const two = (number: number) => String(number).padStart(2, '0');
    const agrees = (text: string) => {
      if (pattern.test(text) !== (parseInstant(text) !== null)) expect.fail(text);
    };
    for (const year of ['1900', '2000', '2023', '2024', '2026', '2100', '2400', '9996']) {
      for (let month = 0; month <= 13; month += 1)
        for (let day = 0; day <= 32; day += 1) agrees(`${year}-${two(month)}-${two(day)}T00:00:00Z`);
    }
    for (let number = 0; number <= 61; number += 1) {
      for (const time of [`${two(number)}:00:00`, `00:${two(number)}:00`, `00:00:${two(number)}`])
        agrees(`2026-11-01T${time}Z`);
    }
    for (const text of ['2026-11-01T00:00:00.123456789Z', '2026-11-01T00:00:00.Z', '2026-11-01', '2026-11-01T00:00:00'])
      agrees(text);
  });
});

const customer = { externalId: 'acme', name: 'Acme' };
const key = { name: 'sync', scopes: ['content:read'] };
const adopt = { organizationId: 'org_d4e5f6a7-8b9c-4d0e-9f2a-3b4c5d6e7f80', grantedCredits: 0 };
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));

describe('the published customer schema agrees with us on structure', () => {
  test.each([
    { reason: 'the least there is', value: customer, good: true },
    {
      reason: 'everything',
      value: {
        ...customer,
        billingEmail: 'a@b.example',
        metadata: { a: 'b' },
        credits: 5,
        cap: 5,
        refill: { threshold: 0, amount: 1 },
        keys: [{ ...key, env: 'test', createdAfter: '2026-11-01T00:00:00Z', state: 'revoked' }],
        state: 'suspended',
        incarnation: 2,
        adopt,
        status: {},
      },
      good: true,
    },
    {
      reason: 'what null means',
      value: { ...customer, billingEmail: null, cap: null, refill: null, status: null },
      good: true,
    },
    {
      reason: 'wildcards',
      value: { ...customer, keys: [{ ...key, scopes: ['*', 'ads:*', 'ads:write:*'] }] },
      good: true,
    },
    { reason: 'the largest amount', value: { ...customer, credits: 9_999_999_999_999 }, good: true },
    { reason: '45 keys of metadata', value: { ...customer, metadata: many(45) }, good: true },
    { reason: 'nothing', value: {}, good: false },
    { reason: 'no name', value: { externalId: 'acme' }, good: false },
    { reason: 'an unknown member', value: { ...customer, zzz: 1 }, good: false },
    { reason: 'an identity with a slash', value: { ...customer, externalId: 'a/b' }, good: false },
    { reason: 'a number as name', value: { ...customer, name: 5 }, good: false },
    { reason: 'an empty name', value: { ...customer, name: '' }, good: false },
    { reason: 'a name of two lines', value: { ...customer, name: 'a\nb' }, good: false },
    { reason: 'a long name', value: { ...customer, name: 'x'.repeat(129) }, good: false },
    { reason: 'an e-mail address without @', value: { ...customer, billingEmail: 'ops' }, good: false },
    { reason: 'credits as text', value: { ...customer, credits: '5000' }, good: false },
    { reason: 'credits below 0', value: { ...customer, credits: -1 }, good: false },
    { reason: 'half a credit', value: { ...customer, credits: 1.5 }, good: false },
    { reason: 'credits of 14 digits', value: { ...customer, credits: 10_000_000_000_000 }, good: false },
    { reason: 'only a threshold', value: { ...customer, refill: { threshold: 5 } }, good: false },
    { reason: 'only an amount', value: { ...customer, refill: { amount: 5 } }, good: false },
    { reason: 'an empty refill', value: { ...customer, refill: {} }, good: false },
    { reason: 'a refill of nothing', value: { ...customer, refill: { threshold: 0, amount: 0 } }, good: false },
    { reason: '46 keys of metadata', value: { ...customer, metadata: many(46) }, good: false },
    { reason: 'reserved metadata', value: { ...customer, metadata: { rcn_x: 'a' } }, good: false },
    {
      reason: 'metadata that merely begins like reserved',
      value: { ...customer, metadata: { rcnx: 'a', externalIds: 'b' } },
      good: true,
    },
    { reason: 'a number in metadata', value: { ...customer, metadata: { a: 5 } }, good: false },
    { reason: 'a long metadata value', value: { ...customer, metadata: { a: 'x'.repeat(501) } }, good: false },
    { reason: 'a long metadata key', value: { ...customer, metadata: { ['x'.repeat(41)]: 'a' } }, good: false },
    { reason: 'a key without scopes', value: { ...customer, keys: [{ name: 'a', scopes: [] }] }, good: false },
    {
      reason: 'a key for the parent',
      value: { ...customer, keys: [{ name: 'a', scopes: ['org:admin'] }] },
      good: false,
    },
    {
      reason: 'a scope without an action',
      value: { ...customer, keys: [{ name: 'a', scopes: ['content'] }] },
      good: false,
    },
    { reason: 'an unknown env', value: { ...customer, keys: [{ ...key, env: 'prod' }] }, good: false },
    {
      reason: 'a time with an offset',
      value: { ...customer, keys: [{ ...key, createdAfter: '2026-11-01T00:00:00+00:00' }] },
      good: false,
    },
    { reason: 'an unknown state', value: { ...customer, state: 'deleted' }, good: false },
    { reason: 'incarnation 0', value: { ...customer, incarnation: 0 }, good: false },
    {
      reason: 'a bare UUID to adopt',
      value: { ...customer, adopt: { ...adopt, organizationId: adopt.organizationId.slice(4) } },
      good: false,
    },
    {
      reason: 'adopt without an amount',
      value: { ...customer, adopt: { organizationId: adopt.organizationId } },
      good: false,
    },
    { reason: 'a text as status', value: { ...customer, status: 'suspended' }, good: false },
  ])('$reason', ({ value, good }) => {
    expect(isCustomer(value)).toBe(good);
    expect(readCustomer('customers/acme.yaml', JSON.stringify(value)).ok).toBe(good);
  });
});

const hook = { name: 'firehose', url: 'https://hooks.partner.example/', events: ['post.published'] };

describe('the published workspace schema agrees with us on structure', () => {
  test.each([
    { reason: 'nothing', value: {}, good: true },
    {
      reason: 'everything',
      value: {
        parentOrganizationId: adopt.organizationId,
        apiKeyId: 'key_1',
        webhooks: [
          {
            ...hook,
            scope: 'own',
            description: null,
            state: 'paused',
            secretCreatedAfter: '2026-11-01T00:00:00Z',
            adopt: adopt.organizationId.slice(4),
          },
        ],
        defaults: { cap: null, refill: null, billingEmail: null, metadata: {} },
        guards: { minParentBalance: 1, approved: [`sha256:${'a'.repeat(64)}`], freeze: true },
        secrets: { store: 'file', directory: '/x' },
        status: { store: 'directory', directory: 'status', webhooks: [] },
        daemon: { resync: '30s', listen: '127.0.0.1:9465' },
      },
      good: true,
    },
    { reason: 'an unknown guard', value: { guards: { maxGrants: 5 } }, good: false },
    { reason: 'a text as truth value', value: { guards: { freeze: 'yes' } }, good: false },
    { reason: 'a hash that is none', value: { guards: { approved: ['abc'] } }, good: false },
    {
      reason: 'a webhook over http',
      value: { webhooks: [{ ...hook, url: 'http://hooks.partner.example/' }] },
      good: false,
    },
    { reason: 'an unknown event', value: { webhooks: [{ ...hook, events: ['post.publish'] }] }, good: false },
    { reason: 'no event', value: { webhooks: [{ ...hook, events: [] }] }, good: false },
    { reason: 'a webhook without a name', value: { webhooks: [{ url: hook.url, events: hook.events }] }, good: false },
    { reason: 'credits by default', value: { defaults: { credits: 5 } }, good: false },
    { reason: 'half a refill by default', value: { defaults: { refill: { amount: 5 } } }, good: false },
    { reason: 'another secret store', value: { secrets: { store: 'hoard' } }, good: false },
    ...[
      { store: 'vault', address: 'https://vault.example:8200', mount: 'kv', path: 'a/b', namespace: 'admin/x/' },
      { store: 'vault', address: 'http://127.0.0.1:8200', auth: { method: 'kubernetes', role: 'x', tokenFile: 't' } },
      {
        store: 'vault',
        address: 'https://[::1]',
        caFile: 'ca.pem',
        auth: { method: 'approle', role: 'x', mount: 'm' },
      },
      { store: 'command', command: ['./bin/x', '--y'], environment: ['AWS_PROFILE'] },
      { store: 'kubernetes', namespace: 'layers-secrets' },
    ].map((secrets) => ({ reason: `the store ${JSON.stringify(secrets)}`, value: { secrets }, good: true })),
    ...[
      { store: 'vault' },
      { store: 'vault', address: 'http://vault.example' },
      { store: 'vault', address: 'https://a:b@vault.example' },
      { store: 'vault', address: 'https://vault.example', mount: '/kv' },
      { store: 'vault', address: 'https://vault.example', path: 'a/../b' },
      { store: 'vault', address: 'https://vault.example', directory: 'secrets' },
      { store: 'vault', address: 'https://vault.example', auth: { method: 'kubernetes' } },
      { store: 'vault', address: 'https://vault.example', auth: { role: 'x' } },
      { store: 'vault', address: 'https://vault.example', auth: { method: 'approle', role: 'x', tokenFile: 't' } },
      { address: 'https://vault.example' },
      { store: 'command' },
      { store: 'command', command: [] },
      { store: 'command', command: [''] },
      { store: 'command', command: './bin/x' },
      { store: 'command', command: ['./bin/x'], environment: ['LAYERS_API_KEY'] },
      { store: 'command', command: ['./bin/x'], recipients: [recipient] },
      { environment: ['A'] },
      { store: 'kubernetes', namespace: 'Layers_Secrets' },
    ].map((secrets) => ({ reason: `the store ${JSON.stringify(secrets)}`, value: { secrets }, good: false })),
    {
      reason: 'the store age',
      value: { secrets: { store: 'age', directory: 'secrets', recipients: [recipient] } },
      good: true,
    },
    { reason: 'age without a directory', value: { secrets: { store: 'age', recipients: [recipient] } }, good: false },
    { reason: 'recipients that nothing uses', value: { secrets: { recipients: [recipient] } }, good: false },
    {
      reason: 'no recipient',
      value: { secrets: { store: 'age', directory: 'secrets', recipients: [] } },
      good: false,
    },
    { reason: 'status on a branch', value: { status: { store: 'git', branch: 'a/b', remote: 'up' } }, good: true },
    { reason: 'a branch without the store', value: { status: { branch: 'a' } }, good: false },
    { reason: 'a branch that is an option', value: { status: { store: 'git', branch: '--all' } }, good: false },
    { reason: 'a status directory that nothing uses', value: { status: { directory: 'status' } }, good: false },
    { reason: 'a resync without a unit', value: { daemon: { resync: '10' } }, good: false },
    { reason: 'a listen address without a port', value: { daemon: { listen: 'localhost' } }, good: false },
    { reason: 'a key in place of its id', value: { apiKeyId: 'lp_live_ABCDEFGHJKMNPQRS_x' }, good: false },
  ])('$reason', ({ value, good }) => {
    expect(isWorkspace(value)).toBe(good);
    expect(readWorkspace('reconcile.yaml', JSON.stringify(value)).ok).toBe(good);
  });
});
