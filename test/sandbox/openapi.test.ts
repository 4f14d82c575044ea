import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { routes } from '../../src/sandbox/routes.ts';
import { type CallOptions, type Driver, drive, type Reply } from './support.ts';

interface Described {
  readonly $ref?: string;
  readonly content?: { readonly 'application/json': { readonly schema: { readonly $ref: string } } };
}
interface DescribedOperation {
  readonly operationId: string;
  readonly requestBody?: Described;
  readonly responses: Readonly<Record<string, Described>>;
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Described>> };
}

const openApi: OpenApi = parse(readFileSync('schemas/layers-openapi.yaml', 'utf8'));
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(openApi, 'layers');

const operations = Object.entries(openApi.paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), template, operation })),
);

/** `GET /v1/organizations/{orgId} 404`, for every status that the document promises. */
const documentedStatuses = operations.flatMap(({ method, template, operation }) =>
  Object.keys(operation.responses).map((status) => `${method} ${template} ${status}`),
);

/** How to call one operation so that it succeeds; everything else is derived from it. */
interface Sample {
  readonly path: (ids: Ids) => string;
  readonly body?: unknown;
  readonly status?: number;
}
interface Ids {
  readonly org: string;
  readonly key: string;
  readonly own: string;
  readonly hook: string;
  readonly delivery: string;
}

const hook = { url: 'https://hooks.example/layers', events: ['test.ping'], scope: 'all_children' };
const samples: Readonly<Record<string, Sample>> = {
  whoami: { path: () => '/v1/whoami' },
  createOrganization: { path: () => '/v1/organizations', body: { name: 'a', metadata: { x: '1' } }, status: 201 },
  listOrganizations: { path: () => '/v1/organizations?status=active&limit=1' },
  getOrganization: { path: ({ org }) => `/v1/organizations/${org}` },
  patchOrganization: { path: ({ org }) => `/v1/organizations/${org}`, body: { billingEmail: null, name: 'b' } },
  archiveOrganization: { path: ({ org }) => `/v1/organizations/${org}` },
  suspendOrganization: { path: ({ org }) => `/v1/organizations/${org}/suspend` },
  resumeOrganization: { path: ({ org }) => `/v1/organizations/${org}/resume` },
  mintApiKey: {
    path: ({ org }) => `/v1/organizations/${org}/api-keys`,
    body: { name: 'k', scopes: ['*'] },
    status: 201,
  },
  listApiKeys: { path: ({ org }) => `/v1/organizations/${org}/api-keys` },
  rotateApiKey: { path: ({ org, key }) => `/v1/organizations/${org}/api-keys/${key}/rotate`, status: 201 },
  revokeApiKey: { path: ({ org, key }) => `/v1/organizations/${org}/api-keys/${key}` },
  getChildCredits: { path: ({ org }) => `/v1/organizations/${org}/credits` },
  listChildCreditEvents: { path: ({ org }) => `/v1/organizations/${org}/credits/events` },
  allocateCredits: {
    path: ({ org }) => `/v1/organizations/${org}/credits/allocate`,
    body: { credits: 5, description: 'd', metadata: { rcn: '1' } },
    status: 201,
  },
  getCreditConfig: { path: ({ org }) => `/v1/organizations/${org}/credit-config` },
  patchCreditConfig: { path: ({ org }) => `/v1/organizations/${org}/credit-config`, body: { monthlyCreditCap: 9 } },
  getCredits: { path: () => '/v1/credits' },
  listCreditEvents: { path: () => '/v1/credits/events?eventType=allocation&since=2026-01-01T00:00:00Z' },
  rotateOwnApiKey: { path: ({ own }) => `/v1/api-keys/${own}/rotate` },
  killOwnApiKey: { path: ({ own }) => `/v1/api-keys/${own}/kill` },
  deleteOwnApiKey: { path: ({ own }) => `/v1/api-keys/${own}` },
  createWebhookEndpoint: { path: () => '/v1/webhook-endpoints', body: hook, status: 201 },
  listWebhookEndpoints: { path: () => '/v1/webhook-endpoints' },
  getWebhookEndpoint: { path: ({ hook: id }) => `/v1/webhook-endpoints/${id}` },
  patchWebhookEndpoint: { path: ({ hook: id }) => `/v1/webhook-endpoints/${id}`, body: { status: 'paused' } },
  deleteWebhookEndpoint: { path: ({ hook: id }) => `/v1/webhook-endpoints/${id}` },
  rotateWebhookSecret: { path: ({ hook: id }) => `/v1/webhook-endpoints/${id}/rotate-secret` },
  testWebhookEndpoint: { path: ({ hook: id }) => `/v1/webhook-endpoints/${id}/test`, body: { payload: { a: 1 } } },
  listWebhookDeliveries: { path: ({ hook: id }) => `/v1/webhook-endpoints/${id}/deliveries` },
  replayWebhookDelivery: { path: ({ delivery }) => `/v1/webhook-deliveries/${delivery}/replay` },
};

const NOBODY = '00000000-0000-4000-8000-000000000000';
const unknownIds: Ids = { org: NOBODY, key: NOBODY, own: NOBODY, hook: NOBODY, delivery: NOBODY };
const badIds: Ids = { org: 'x', key: 'x', own: 'x', hook: 'x', delivery: 'x' };

/** A sandbox with one of everything. */
function furnished(): { driver: Driver; ids: Ids; childToken: string } {
  const driver = drive({ tier: 'partner', prepaidCredits: 100 });
  const org = driver.child();
  const { id: key, secret: childToken } = driver.key(org);
  driver.fund(org, 10);
  driver.sandbox.hands.spend(org, 1);
  const second = driver.sandbox.hands.addParentKey();
  if (!second.done) throw new Error(second.refusal.message);
  const endpoint = driver.call('POST', '/v1/webhook-endpoints', hook).body.endpoint.id;
  driver.call('POST', `/v1/webhook-endpoints/${endpoint}/test`);
  const [delivery] = driver.call('GET', `/v1/webhook-endpoints/${endpoint}/deliveries`).body.items;
  return {
    driver,
    ids: { org, key, own: second.apiKey.id, hook: endpoint, delivery: delivery?.id ?? '' },
    childToken,
  };
}

const seen = new Set<string>();

/** Says what is wrong with an answer; an empty list means that the document describes it. */
function faultsOf(method: string, template: string, operation: DescribedOperation, reply: Reply): string[] {
  const described = operation.responses[String(reply.status)];
  if (!described) return [`${operation.operationId} answers ${reply.status}, which the document does not list`];
  seen.add(`${method} ${template} ${reply.status}`);
  const name = described.$ref?.split('/').at(-1);
  const resolved = name === undefined ? described : openApi.components.responses[name];
  const pointer = resolved?.content?.['application/json'].schema.$ref ?? '';
  const validate = ajv.getSchema(`layers${pointer}`);
  if (!validate) return [`${pointer} is not in the document`];
  return validate(reply.body) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

describe('schemas/layers-openapi.yaml', () => {
  it('names exactly the routes that the sandbox serves', () => {
    const served = routes.map(({ method, path }) => `${method} ${path}`);
    const documented = operations.map(({ method, template }) => `${method} ${template.replaceAll(/\{\w+\}/g, ':')}`);
    expect(documented.sort()).toEqual(served.sort());
  });

  it('has a sample for every operation', () => {
    expect(Object.keys(samples).sort()).toEqual(operations.map(({ operation }) => operation.operationId).sort());
  });

  describe.each(operations)('$operation.operationId', ({ method, template, operation }) => {
    const sample = samples[operation.operationId] ?? { path: () => '' };
    let driver = drive();
    let ids = unknownIds;
    let childToken = '';
    beforeAll(() => {
      ({ driver, ids, childToken } = furnished());
    });

    function send(expected: number, at: Ids, body: unknown, options: CallOptions = {}): void {
      const reply = driver.call(method, sample.path(at), body, options);
      expect([reply.status, ...faultsOf(method, template, operation, reply)]).toEqual([expected]);
    }
    /** A test for a status, where the document promises it. */
    const promised = (status: number, claim: string, test: () => void) => {
      if (operation.responses[String(status)] !== undefined) it(`${status} ${claim}`, test);
    };
    const key = method === 'GET' ? {} : { key: 'one' };

    promised(401, 'without a key', () => send(401, ids, sample.body, { token: '' }));
    promised(403, 'for a child that reaches above itself', () => {
      send(403, ids, sample.body, { ...key, token: childToken, inside: ids.org });
    });
    promised(404, 'for an unknown id or an unknown organization to act in', () => {
      send(404, unknownIds, sample.body, { key: 'two', inside: NOBODY });
    });
    promised(422, 'for a malformed id, query or body', () => {
      const path = sample.path(badIds);
      const broken = path === sample.path(ids) && method === 'GET' ? `${path.split('?')[0]}?limit=0` : path;
      const reply = driver.call(method, broken, method === 'GET' ? undefined : [], { key: 'three' });
      expect([reply.status, ...faultsOf(method, template, operation, reply)]).toEqual([422]);
    });
    it('429 and 500 by faults, without an effect', () => {
      send(429, ids, sample.body, { ...key, fault: { kind: 'rate-limited' } });
      send(500, ids, sample.body, { ...key, fault: { kind: 'error-before' } });
    });
    it('503 while the parent is suspended', () => {
      driver.sandbox.hands.suspendParent();
      send(503, ids, sample.body, key);
      driver.sandbox.hands.resumeParent();
    });
    promised(400, 'without a mandatory Idempotency-Key', () => send(400, ids, sample.body));
    promised(402, 'for more credits than there are', () => {
      send(402, ids, { credits: 1_000_000 }, { key: 'four' });
    });
    it('succeeds, for a body that its own request schema accepts', () => {
      const pointer = operation.requestBody?.content?.['application/json'].schema.$ref;
      if (pointer !== undefined) expect(ajv.getSchema(`layers${pointer}`)?.(sample.body)).toBe(true);
      send(sample.status ?? 200, ids, sample.body, key);
    });
    promised(409, 'for the same Idempotency-Key with something else', () => {
      send(409, unknownIds, { ...hook, name: 'other', credits: 6 }, { key: 'one' });
    });
  });

  it('promises no status that was not seen', () => {
    expect([...seen].sort()).toEqual([...documentedStatuses].sort());
  });
});
