import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CreditConfig, Organization } from '../../../src/core/api.ts';
import { readCustomer } from '../../../src/core/declaration/read.ts';
import { sortAllocations } from '../../../src/core/import/allocations.ts';
import { customerText, type ImportFacts } from '../../../src/core/import/customer-text.ts';
import { foreign, key, ORGANIZATION, organization } from '../../support/declared.ts';

const NOTHING = { count: 0, credits: 0 };

function facts(
  fields: Partial<Organization> = {},
  more: Partial<Omit<ImportFacts, 'organization'>> = {},
  config: Partial<CreditConfig> = {},
): ImportFacts {
  const creditConfig = {
    monthlyCreditCap: null,
    refillThreshold: null,
    refillAmount: null,
    autoRefillEnabled: false,
    ...config,
  };
  return {
    organization: {
      ...organization({ metadata: {}, ...fields }),
      summary: { projectCount: 0, balance: 0, available: 0, creditConfig },
    },
    externalId: 'acme',
    incarnation: 1,
    baseline: null,
    granted: 0,
    unmarked: { byHand: NOTHING, refills: NOTHING, unclear: NOTHING },
    keys: [],
    held: new Set(),
    now: '2026-06-15T12:00:00Z',
    defaulted: new Set(),
    ...more,
  };
}

function read(text: string) {
  const reading = readCustomer('customers/acme.yaml', text);
  if (!reading.ok) throw new Error(JSON.stringify([reading.problems, text]));
  return reading.declaration;
}

/** As a person brings the offered keys under management. */
const uncommented = (text: string) => text.replace(/^#(keys:| {2}- | {4}\w)/gm, '$1');

describe('the file of an organization that exists', () => {
  it('declares it as it is', () => {
    const text = customerText(
      facts(
        { name: 'Acme Coffee', billingEmail: 'ops@acme.example', metadata: { plan: 'growth', contract: '2026-118' } },
        { baseline: 2000, granted: 2000 },
        { monthlyCreditCap: 0, refillThreshold: 10, refillAmount: 20 },
      ),
    );
    expect(read(text)).toMatchObject({
      externalId: 'acme',
      name: 'Acme Coffee',
      billingEmail: 'ops@acme.example',
      metadata: { plan: 'growth', contract: '2026-118' },
      credits: 2000,
      cap: 0,
      refill: { threshold: 10, amount: 20 },
      keys: [],
      state: 'active',
      adopt: { organizationId: ORGANIZATION, grantedCredits: 2000 },
    });
  });

  it('says that there is no cap and no refill, and what a default would say otherwise', () => {
    const text = customerText(facts({}, { defaulted: new Set(['billingEmail', 'metadata', 'cap', 'refill']) }));
    expect(read(text)).toMatchObject({ cap: null, refill: null, billingEmail: null, metadata: {} });
  });

  it('holds none of our own marks', () => {
    const marks = { externalId: 'acme', rcn: '1', rcn_inc: '2', rcn_suspended: '1' };
    const text = customerText(facts({ metadata: { ...marks, plan: 'x' }, status: 'suspended' }, { incarnation: 2 }));
    expect(read(text)).toMatchObject({ metadata: { plan: 'x' }, incarnation: 2, state: 'suspended' });
    expect(text).not.toContain('rcn');
  });

  it('is declared active when somebody suspended it by hand, and says so', () => {
    const text = customerText(facts({ status: 'suspended' }));
    expect(read(text).state).toBe('active');
    expect(text).toContain('reconcile resume acme');
  });

  it('offers keys whose secret is unknown as comments that rotate, and declares those whose secret is held', () => {
    const keys = [
      key({ id: 'key_1', name: 'main' }),
      key({ id: 'key_2', name: 'held', env: 'test' }),
      key({ id: 'key_3', name: 'dead', status: 'revoked' }),
      key({ id: 'key_4', name: 'rotated', supersededBy: 'key_5' }),
    ];
    const text = customerText(facts({}, { keys, held: new Set(['key_2']) }));
    expect(read(text).keys).toMatchObject([{ name: 'held', env: 'test' }]);
    expect(read(uncommented(text)).keys).toMatchObject([
      { name: 'held' },
      { name: 'main', scopes: ['content:read'], createdAfter: '2026-06-15T12:00:00Z' },
    ]);
    expect(read(uncommented(customerText(facts({}, { keys })))).keys).toHaveLength(2);
  });

  it('says of a key that no file may declare why not', () => {
    const keys = [key({ name: 'admin', scopes: ['org:admin'] }), key({ name: 'Twin' }), key({ name: 'twin' })];
    const text = customerText(facts({}, { keys }));
    expect(read(uncommented(text)).keys).toEqual([]);
    expect(text).toMatch(/# Key "admin" .* cannot be declared: .*org:admin/);
    expect(text).toMatch(/# Key "Twin" .* another live key has the same name/);
  });

  it('tells what the credits given by hand are made of', () => {
    const unmarked = sortAllocations([
      foreign(2000, { metadata: { direction: 'in' } }),
      foreign(500, { metadata: { direction: 'auto_refill_in' } }),
      foreign(30, { description: 'Auto-refill' }),
      foreign(7),
      foreign(-9),
    ]);
    expect(unmarked).toEqual({
      byHand: { count: 1, credits: 2000 },
      refills: { count: 2, credits: 530 },
      unclear: { count: 1, credits: 7 },
    });
    const text = customerText(facts({}, { baseline: 2007, granted: 2007, unmarked }));
    expect(text).toContain('#   2,000 credits in transfers by hand (1): counted');
    expect(text).toContain('#   530 credits in automatic refills (2): not counted');
    expect(text).toContain('#   7 credits in entries that do not say what they are (1): counted');
  });

  it('leaves out what no file may say, and says that it does', () => {
    const secret = `lp_live_ABCDEFGHJKMNPQRS_${'x'.repeat(24)}`;
    const text = customerText(
      facts({ name: '\u0007 A\nname: B ', metadata: { rcn_x: '1', note: 'a\u0000b', token: secret, plan: 'y' } }),
    );
    expect(read(text)).toMatchObject({ name: 'A name: B', metadata: { plan: 'y' } });
    expect(text).toContain('"rcn_x", "note", "token"');
    expect(text).not.toContain(secret);
    const many = Object.fromEntries(Array.from({ length: 48 }, (_, index) => [`key${index}`, 'x']));
    expect(read(customerText(facts({ metadata: many }))).metadata).toBeUndefined();
  });

  it('can be read whatever the API returns, and says nothing that it does not', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const hostile = fc.constantFrom(
      'x\nadopt: {}',
      '# x',
      '"',
      "'",
      '- a',
      'null',
      '1e3',
      '{{',
      'a: b',
      '\u202e',
      ': ',
    );
    const any = fc.oneof(text, hostile);
    fc.assert(
      fc.property(
        any,
        fc.dictionary(any, any, { maxKeys: 4 }),
        fc.option(any),
        any,
        (name, metadata, email, keyName) => {
          const made = customerText(facts({ name, metadata, billingEmail: email }, { keys: [key({ name: keyName })] }));
          const declared = read(made);
          expect(declared.adopt).toBeUndefined();
          for (const [member, value] of Object.entries(declared.metadata ?? {})) expect(metadata[member]).toBe(value);
          expect([undefined, email]).toContain(declared.billingEmail);
          expect(read(uncommented(made)).keys.every((one) => one.name === keyName)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
