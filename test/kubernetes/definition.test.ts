import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readCustomerObject } from '../../src/core/declaration/customer-object.ts';
import { isRecord } from '../../src/core/declaration/reading.ts';
import { customers } from '../../src/effects/kubernetes/kinds.ts';
import { isThere, kubectl } from '../real/parts.ts';
import { corpusTopics } from '../support/corpus.ts';
import { installDefinition } from './support/definition.ts';
import { runKubectl } from './support/kubectl.ts';
import { connect, type Kubernetes, makeNamespace } from './support/namespace.ts';

let kubernetes: Kubernetes;
let namespace: string;

beforeAll(async () => {
  kubernetes = connect();
  namespace = await makeNamespace(kubernetes.client);
});

afterAll(() => kubernetes.close());

const spec = { externalId: 'acme-coffee', name: 'Acme Coffee' };
const key = { name: 'sync', scopes: ['content:read'] };

test('the definition is accepted, and structural', async () => {
  const { status } = await installDefinition(kubernetes.client);
  const types = status?.conditions?.map(({ type, status: is }) => `${type} ${is}`) ?? [];
  expect(types.toSorted()).toEqual(['Established True', 'NamesAccepted True']);
});

test.skipIf(!isThere(kubectl))('kubectl explains every field in our words', async () => {
  const explained = async (field: string) => {
    const { stdout } = await runKubectl('explain', field).catch(() => ({ stdout: '' }));
    return stdout.replace(/\s+/g, ' ');
  };
  // The server tells of a new kind a moment after it takes objects of it.
  await expect
    .poll(() => explained('customer.spec.refill'), { timeout: 20_000 })
    .toContain('moves REAL MONEY by itself');
  expect(await explained('lcust.spec.keys.scopes')).toContain('Never org:admin');
  expect(await explained('customer.status.conditions.reason')).toContain('SuspendedByHand');
});

interface Verdict {
  /** Null when the server takes the object. */
  readonly refusal: string | null;
  /** As it would be stored. */
  readonly spec: unknown;
}

/** Asks the server for its verdict without storing anything. */
async function judge(object: object, method: 'POST' | 'PUT' = 'POST', name = ''): Promise<Verdict> {
  const { body, statusCode } = await pool.request({
    method,
    path: `/apis/layers-reconciler.dev/v1alpha1/namespaces/${namespace}/customers${name === '' ? '' : `/${name}`}?dryRun=All&fieldValidation=Strict`,
    headers: { authorization: `Bearer ${inject('cluster').adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'layers-reconciler.dev/v1alpha1', kind: 'Customer', ...object }),
  });
  const answer = z.object({ message: z.string().optional(), spec: z.unknown().optional() }).parse(await body.json());
  return { refusal: statusCode < 300 ? null : (answer.message ?? String(statusCode)), spec: answer.spec };
}

let pool: Pool;
beforeAll(() => {
  pool = new Pool(inject('cluster').url, { connect: { ca: inject('cluster').ca } });
});
afterAll(() => pool.close());

const judgeSpec = (declared: unknown) => judge({ metadata: { name: 'judged', namespace }, spec: declared });
const refusalOfSpec = async (declared: unknown) => (await judgeSpec(declared)).refusal;

describe('a mistake is refused at the door, in words', () => {
  test.each([
    { reason: 'half of a refill', with: { refill: { threshold: 5 } }, words: 'both threshold and amount' },
    {
      reason: 'an organization scope',
      with: { keys: [{ ...key, scopes: ['org:admin'] }] },
      words: 'are not for customers',
    },
    { reason: 'a reserved metadata key', with: { metadata: { rcn_inc: '1' } }, words: 'are reserved' },
    {
      reason: 'a metadata key that is too long',
      with: { metadata: { ['x'.repeat(41)]: '1' } },
      words: '1 to 40 characters',
    },
    { reason: 'two keys of one name', with: { keys: [key, key] }, words: 'Duplicate value' },
    { reason: 'a misspelt member', with: { credts: 5 }, words: 'unknown field "spec.credts"' },
    { reason: 'more credits than there are', with: { credits: 10_000_000_000_000 }, words: '9999999999999' },
    { reason: 'a name with a line break in it', with: { name: 'A\u2028B' }, words: 'spec.name' },
    { reason: 'a name that ends in a space that nobody sees', with: { name: 'A\u00a0' }, words: 'spec.name' },
    {
      reason: 'a time of another zone',
      with: { keys: [{ ...key, createdAfter: '2026-11-01T00:00:00+01:00' }] },
      words: 'createdAfter',
    },
  ])('$reason', async ({ with: extra, words }) => {
    expect(await refusalOfSpec({ ...spec, ...extra })).toContain(words);
  });

  test.each([
    { reason: 'the least there is', with: {} },
    { reason: 'what null means', with: { cap: null, refill: null, billingEmail: null } },
    { reason: 'the largest amount', with: { credits: 9_999_999_999_999 } },
    { reason: 'letters of the world', with: { name: 'Łódź ☕ 寿司' } },
    {
      reason: 'a key of each kind',
      with: { keys: [{ ...key, env: 'test', state: 'revoked', createdAfter: '2026-11-01T00:00:00Z' }] },
    },
  ])('but not $reason', async ({ with: extra }) => {
    expect(await refusalOfSpec({ ...spec, ...extra })).toBeNull();
  });
});

describe('identity', () => {
  const metadata = { name: 'identity' };
  const changed = async (to: object) => {
    const { metadata: stored } = await existing();
    const { refusal } = await judge(
      {
        metadata: { name: 'identity', namespace, resourceVersion: stored.resourceVersion },
        spec: { ...spec, incarnation: 2, ...to },
      },
      'PUT',
      'identity',
    );
    return refusal;
  };
  let made: Promise<{ metadata: { resourceVersion: string } }> | null = null;
  const existing = () => {
    made ??= (async () => {
      const created = await kubernetes.client.create(
        customers,
        { namespace },
        {
          apiVersion: 'layers-reconciler.dev/v1alpha1',
          kind: 'Customer',
          metadata,
          spec: { ...spec, incarnation: 2, credits: 5 },
        },
      );
      if (created.outcome !== 'ok') throw new Error(created.message);
      return created.value;
    })();
    return made;
  };

  test('never changes', async () => {
    expect(await changed({ externalId: 'other' })).toContain('never changes');
  });

  test('has an incarnation that only rises, also by being left out', async () => {
    expect(await changed({ incarnation: 1 })).toContain('only ever rises');
    expect(await changed({ incarnation: undefined })).toContain('only ever rises');
    expect(await changed({ incarnation: 3 })).toBeNull();
  });

  test('may declare fewer credits: that is reported, and nothing is taken back', async () => {
    expect(await changed({ credits: 1 })).toBeNull();
  });
});

/** What we refuse and no schema can; by the code of our problem. */
const onlyOurs: Readonly<Record<string, string>> = {
  DuplicateName: 'names of keys that differ only in case or in Unicode form',
  DuplicateField: 'names of members that differ only in Unicode form',
  InstantInFuture: 'what time it is',
  ForbiddenCharacter: 'controls in the values of metadata',
  SecretInFile: 'the shape of a secret in any text',
  ForbiddenField: 'names that programs trip over',
};

/** Specs about which the two differ for a reason of their own. */
const exceptions: Readonly<Record<string, string>> = {
  'customers/metadata/more-than-api-takes': 'the size of all members together',
};

test('the server refuses nothing that we take, and takes nothing that we refuse but for what is listed', async () => {
  const specs = corpusTopics()
    .filter(({ kind }) => kind === 'customer')
    .flatMap(({ path, cases }) =>
      cases.map(({ name, bytes }) => ({ place: `${path}/${name}`, declared: specIn(bytes) })),
    );
  let compared = 0;
  for (const { place, declared } of specs) {
    // What is no map, or no YAML, is no object; an apply would not even send it.
    if (declared === null) continue;
    compared += 1;
    const { refusal, spec: stored } = await judgeSpec(declared);
    // Of what is taken, what is stored counts: the server drops a null where none may be.
    const reading = readCustomerObject('judged', refusal === null ? stored : declared);
    const codes = reading.ok ? [] : reading.problems.map(({ code }) => code);
    if (refusal !== null) expect(codes, `${place}: ${refusal}`).not.toEqual([]);
    else if (exceptions[place] === undefined)
      expect(
        codes.filter((code) => onlyOurs[code] === undefined),
        place,
      ).toEqual([]);
  }
  expect(compared).toBeGreaterThan(150);
});

/** A file of the corpus as the spec that a person would make of it. */
function specIn(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = parse(text, { logLevel: 'error' });
    if (!isRecord(value)) return null;
    const { status: _, ...members } = value;
    // As it travels: without what JSON does not know.
    const sent: unknown = JSON.parse(JSON.stringify(members));
    return isRecord(sent) ? { ...sent } : null;
  } catch {
    return null;
  }
}
