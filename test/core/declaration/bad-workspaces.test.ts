import { describe, expect, test } from 'vitest';
import { emptyWorkspace, readWorkspace } from '../../../src/core/declaration/read.ts';
import { unmark } from '../../support/marked-text.ts';

const hook = (more: string) => `webhooks:\n  - name: firehose\n    events: [post.published]\n    ${more}\n`;
const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const url = 'url: https://hooks.partner.example/layers';

test.each([
  { reason: 'a misspelt guard', code: 'UnknownField', text: 'guards: { ‸maxGrants: 5 }\n', says: 'maxGrant' },
  { reason: 'customers’ members at the top', code: 'UnknownField', text: '‸credits: 5\n', says: 'customers/' },
  { reason: 'a cap at the top', code: 'UnknownField', text: '‸cap: 5\n', says: 'below defaults' },
  { reason: 'a default that does not exist', code: 'UnknownField', text: 'defaults: { ‸credits: 5 }\n', says: 'cap' },
  { reason: 'an incomplete default refill', code: 'IncompleteRefill', text: 'defaults:\n  ‸refill: { amount: 5 }\n' },
  {
    reason: 'reserved default metadata',
    code: 'InvalidMetadataKey',
    text: 'defaults: { metadata: { ‸rcn_inc: "1" } }\n',
  },
  { reason: 'defaults without a value', code: 'EmptyValue', text: '‸defaults:\n' },
  { reason: 'a parent that is no id', code: 'InvalidFormat', text: 'parentOrganizationId: ‸acme\n' },
  {
    reason: 'a child’s bare UUID as parent',
    code: 'InvalidFormat',
    text: 'parentOrganizationId: ‸2481fa5c-a404-44ed-a561-565392499abc\n',
  },
  {
    reason: 'a key in place of its id',
    code: 'InvalidFormat',
    text: 'apiKeyId: ‸lp_live_ABCDEFGHJKMNPQRS_0123456789012345678901234567890123456789012\n',
    says: 'lp_live_ABCDEFGHJKMNPQRS_****',
  },
  { reason: 'a guard as text', code: 'WrongType', text: 'guards: { freeze: ‸"true" }\n', says: 'Write true' },
  { reason: 'a guard as yes', code: 'WrongType', text: 'guards: { requireCapWithRefill: ‸yes }\n', says: 'Write true' },
  { reason: 'a negative guard', code: 'InvalidNumber', text: 'guards: { maxArchives: ‸-1 }\n' },
  { reason: 'a guard of null', code: 'InvalidNumber', text: 'guards: { maxArchives: ‸null }\n' },
  { reason: 'an approval that is no hash', code: 'InvalidFormat', text: 'guards: { approved: [‸abc] }\n' },
  {
    reason: 'an approval in upper case',
    code: 'InvalidFormat',
    text: `guards: { approved: [‸sha256:${'A'.repeat(64)}] }\n`,
  },
  {
    reason: 'an approval without a list',
    code: 'WrongType',
    text: `guards: { approved: ‸sha256:${'a'.repeat(64)} }\n`,
  },
  {
    reason: 'a host with a scheme',
    code: 'InvalidFormat',
    text: 'guards: { allowedWebhookHosts: [‸https://a.example] }\n',
  },
  {
    reason: 'a host with a star in the middle',
    code: 'InvalidFormat',
    text: 'guards: { allowedWebhookHosts: [‸a.*.example] }\n',
  },
  { reason: 'any host', code: 'InvalidFormat', text: 'guards: { allowedWebhookHosts: [‸"*"] }\n' },
  {
    reason: 'a secret store that does not exist',
    code: 'InvalidValue',
    text: 'secrets: { store: ‸vault }\n',
    says: 'file or age',
  },
  {
    reason: 'the store age without recipients',
    code: 'InvalidValue',
    text: '‸secrets: { store: age, directory: secrets }\n',
    says: 'recipients: [age1…]',
  },
  {
    reason: 'the store age without a directory',
    code: 'InvalidValue',
    text: `‸secrets: { store: age, recipients: [${recipient}] }\n`,
    says: 'directory: secrets',
  },
  {
    reason: 'the store age in a directory that git never sees',
    code: 'InvalidValue',
    text: `‸secrets: { store: age, directory: ./.reconcile/secrets, recipients: [${recipient}] }\n`,
    says: 'below .reconcile',
  },
  {
    reason: 'recipients that nothing uses',
    code: 'InvalidValue',
    text: `‸secrets: { recipients: [${recipient}] }\n`,
    says: 'store: age',
  },
  {
    reason: 'a recipient with a wrong character',
    code: 'InvalidRecipient',
    text: `secrets: { store: age, directory: secrets, recipients: [‸${recipient.replace('ql3', 'ql4')}] }\n`,
    says: 'checksum',
  },
  { reason: 'an empty secret directory', code: 'OutOfRange', text: 'secrets: { directory: ‸"" }\n' },
  {
    reason: 'a status store that does not exist',
    code: 'InvalidValue',
    text: 'status: { store: ‸git }\n',
    says: 'inline or directory',
  },
  { reason: 'a misspelt status setting', code: 'UnknownField', text: 'status: { ‸stroe: inline }\n', says: 'store' },
  {
    reason: 'the store directory without a directory',
    code: 'InvalidValue',
    text: '‸status: { store: directory }\n',
    says: 'directory: status',
  },
  { reason: 'a status directory that nothing uses', code: 'InvalidValue', text: '‸status: { directory: status }\n' },
  {
    reason: 'an inline status with a directory',
    code: 'InvalidValue',
    text: '‸status:\n  store: inline\n  directory: status\n',
  },
  { reason: 'a status that is a text', code: 'WrongType', text: 'status: ‸inline\n' },
  { reason: 'a resync without a unit', code: 'WrongType', text: 'daemon: { resync: ‸10 }\n' },
  { reason: 'a resync of no time', code: 'InvalidFormat', text: 'daemon: { resync: ‸0s }\n' },
  { reason: 'a resync in days', code: 'InvalidFormat', text: 'daemon: { resync: ‸1d }\n', says: '30s, 10m or 1h' },
  { reason: 'a resync of two units', code: 'InvalidFormat', text: 'daemon: { resync: ‸1h30m }\n' },
  { reason: 'a resync of more than a day', code: 'InvalidValue', text: 'daemon: { resync: ‸25h }\n', says: '24 hours' },
  { reason: 'a port alone', code: 'WrongType', text: 'daemon: { listen: ‸9465 }\n' },
  { reason: 'a colon and a port', code: 'InvalidFormat', text: 'daemon: { listen: ‸":9465" }\n' },
  { reason: 'a port that does not exist', code: 'InvalidValue', text: 'daemon: { listen: ‸"127.0.0.1:65536" }\n' },
  { reason: 'a listen URL', code: 'InvalidFormat', text: 'daemon: { listen: ‸http://127.0.0.1:9465 }\n' },
  { reason: 'a webhook outside of a list', code: 'WrongType', text: 'webhooks: ‸{ name: a }\n' },
  {
    reason: 'a webhook without a URL',
    code: 'MissingField',
    text: 'webhooks:\n  - ‸name: a\n    events: [post.published]\n',
    says: 'https://hooks',
  },
  {
    reason: 'an event that does not exist',
    code: 'InvalidValue',
    text: `webhooks:\n  - { name: a, ${url}, events: [‸post.publish] }\n`,
    says: 'Did you mean post.published?',
  },
  { reason: 'no event', code: 'OutOfRange', text: `webhooks:\n  - { name: a, ${url}, events: ‸[] }\n` },
  {
    reason: 'an unknown scope',
    code: 'InvalidValue',
    text: hook(`${url}\n    scope: ‸children`),
    says: 'own or all_children',
  },
  { reason: 'the state the API sets', code: 'InvalidValue', text: hook(`${url}\n    state: ‸auto_paused`) },
  {
    reason: 'a prefixed endpoint id',
    code: 'InvalidFormat',
    text: hook(`${url}\n    adopt: ‸we_0f8fad5b-d9cb-469f-a165-70867728950e`),
  },
  {
    reason: 'a time without Z',
    code: 'InvalidFormat',
    text: hook(`${url}\n    secretCreatedAfter: ‸2026-11-01T00:00:00`),
  },
  { reason: 'a webhook over http', code: 'InvalidWebhookUrl', text: hook('url: ‸http://hooks.partner.example/') },
  {
    reason: 'two webhooks of one name',
    code: 'DuplicateName',
    text: `webhooks:\n  - { name: a, ${url}, events: [post.failed] }\n  - { name: ‸A, ${url}, events: [post.failed] }\n`,
  },
  {
    reason: 'a secret key in the file',
    code: 'UnknownField',
    text: '‸apiKey: lp_live_ABCDEFGHJKMNPQRS_0123456789012345678901234567890123456789012\n',
    says: 'apiKeyId',
  },
])('$reason is refused', ({ code, text, says }) => {
  const { text: unmarked, places } = unmark(text);
  const reading = readWorkspace('reconcile.yaml', unmarked);
  if (reading.ok) throw new Error('accepted');
  const found = reading.problems.map(({ code: its, line, column }) => ({ code: its, line, column }));
  expect(found).toEqual(places.map((place) => ({ code, ...place })));
  if (says !== undefined) expect(JSON.stringify(reading.problems)).toContain(says);
});

describe('what may be left out', () => {
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
});

test('the recorded status of the fleet stands beside the settings and is told apart from them', () => {
  const text = 'status:\n  store: inline\n  parentOrganizationId: org_x\n  webhooks: [{ name: a, id: b }]\n';
  expect(readWorkspace('reconcile.yaml', text)).toMatchObject({
    ok: true,
    declaration: { status: { store: 'inline' } },
    status: { parentOrganizationId: 'org_x', webhooks: [{ name: 'a', id: 'b' }] },
  });
});
