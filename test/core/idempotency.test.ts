import { describe, expect, it } from 'vitest';
import { idempotencyKeys, KEY_NAMESPACE } from '../../src/core/idempotency.ts';
import { nameUuid } from '../../src/effects/chance.ts';

const PARENT = 'org_2481fa5c-a404-44ed-a561-565392499abc';
const keys = idempotencyKeys((name) => nameUuid(KEY_NAMESPACE, name), PARENT);

describe('idempotency keys', () => {
  it('are UUIDv5 as RFC 9562 makes them', () => {
    // Appendix A.4 of the RFC: www.example.com in the DNS namespace.
    expect(nameUuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });

  // Golden vectors: a deployment that computes another key pays twice. They may never change.
  it.each([
    ['create organization', keys.createOrganization('acme-coffee', 1), '35020fa5-7a3c-54be-ade3-779c9c866d63'],
    ['allocate slot 0', keys.allocate('acme-coffee', 1, 0), '922575cf-ca60-5df5-93b5-7d517793d2e6'],
    ['allocate slot 1', keys.allocate('acme-coffee', 1, 1), '3bfde3af-2d88-5217-bb24-332ff85d0558'],
    ['mint', keys.mintApiKey('acme-coffee', 1, 'acme-integration', 0), 'd0f3bc17-d10e-5bc6-8a70-dd5d884db9df'],
    [
      'rotate',
      keys.rotateApiKey('acme-coffee', 1, 'key_c2037bb9-354d-4662-96b7-97a28ad6b6e1'),
      '28250130-b0b6-590f-ad4e-f9626a7bdf89',
    ],
    ['create webhook', keys.createWebhook('firehose', 0), 'c9bc8a43-0321-5370-836f-2b409a512ea7'],
    [
      'rotate webhook secret',
      keys.rotateWebhookSecret('0f8fad5b-d9cb-469f-a165-70867728950e', '2026-11-01T00:00:00Z'),
      'db3cc0b8-ac16-516d-96f2-a8e7ed626fb6',
    ],
  ])('of %s is frozen', (_step, key, golden) => {
    expect(key).toBe(golden);
  });

  it('keeps apart what gluing strings would confuse', () => {
    expect(keys.mintApiKey('a', 1, 'b|c', 0)).not.toBe(keys.mintApiKey('a|b', 1, 'c', 0));
    expect(keys.allocate('a', 11, 0)).not.toBe(keys.allocate('a', 1, 10));
  });

  it('names the parent, so that two parents never share a slot', () => {
    const other = idempotencyKeys((name) => nameUuid(KEY_NAMESPACE, name), 'org_other');
    expect(other.allocate('acme-coffee', 1, 0)).not.toBe(keys.allocate('acme-coffee', 1, 0));
  });
});
