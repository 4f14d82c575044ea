import { expect, test } from 'vitest';
import { emptyWorkspace, readCustomer, readWorkspace } from '../../../src/core/declaration/read.ts';

/** What is refused, and with which words, stands in test/corpus; here is what a reading hands on. */
const head = 'externalId: acme\nname: Acme\n';

test('the status is handed on as it stands and is no part of the declaration', () => {
  const reading = readCustomer('customers/acme.yaml', `${head}status: { credits: { granted: 5 }, big: 1e3 }\n`);
  expect(reading).toMatchObject({ ok: true, status: { credits: { granted: 5 }, big: 1000 } });
  expect(reading.ok && Object.keys(reading.declaration)).not.toContain('status');
});

test('the recorded status of the fleet stands beside the settings and is told apart from them', () => {
  const text = 'status:\n  store: inline\n  parentOrganizationId: org_x\n  webhooks: [{ name: a, id: b }]\n';
  expect(readWorkspace('reconcile.yaml', text)).toMatchObject({
    ok: true,
    declaration: { status: { store: 'inline' } },
    status: { parentOrganizationId: 'org_x', webhooks: [{ name: 'a', id: 'b' }] },
  });
});

test.each(['', '# nothing yet\n', '---\n', '{}\n'])('%j is the workspace of defaults', (text) => {
  const reading = readWorkspace('reconcile.yaml', text);
  expect(reading).toMatchObject({ ok: true, declaration: emptyWorkspace().declaration, status: undefined });
});

test('the defaults are the careful ones', () => {
  expect(emptyWorkspace().declaration).toEqual({
    webhooks: [],
    defaults: {},
    guards: { maxArchives: 1, maxKeyRevocations: 5, requireCapWithRefill: true, freeze: false, approved: [] },
    secrets: { store: 'file' },
    status: {},
    daemon: { resync: '10m' },
  });
});

test.each([
  { reason: 'a value', text: `${head}billingEmail: SECRET\n` },
  { reason: 'a key of metadata', text: `${head}metadata: { SECRET: x }\n` },
  { reason: 'a value of metadata, which would go to the API', text: `${head}metadata: { token: "is SECRET" }\n` },
  { reason: 'a member that does not exist', text: `${head}SECRET: x\n` },
  { reason: 'a value of a member that does not exist', text: `${head}token: SECRET\n` },
  { reason: 'broken YAML', text: `${head}billingEmail: "SECRET\n` },
  { reason: 'an alias', text: `${head}credits: *SECRET\n` },
  { reason: 'a text that no line end closes', text: `SECRET` },
])('a secret in $reason is refused and never shown', ({ text }) => {
  const secrets = ['lp_live_ABCDEFGHJKMNPQRS_0123456789abcdefghijk0123456789', 'whsec_0123456789abcdefghijk0123456789'];
  for (const secret of secrets) {
    const reading = readCustomer('customers/acme.yaml', text.replace('SECRET', secret));
    expect(reading.ok).toBe(false);
    expect(JSON.stringify(reading)).not.toContain('0123456789abcdefghijk');
  }
});

test('the password of a URL is not shown', () => {
  const text = 'webhooks:\n  - { name: a, events: [], url: "https://user:p$ssw0rd@hooks.partner.example/" }\n';
  const printed = JSON.stringify(readWorkspace('reconcile.yaml', text));
  expect(printed).toContain('https://user:********@hooks');
  expect(printed).not.toContain('ssw0rd');
});
