import { describe, expect, test } from 'vitest';
import { corpusTopics, judge } from '../support/corpus.ts';
import { openEditor } from './language-service.ts';

const editor = openEditor();

/** Rules that no JSON Schema can express, or that YAML decides before a schema is asked; by the code of our problem. */
const onlyOurs: Readonly<Record<string, string>> = {
  InvalidNumber: 'how a number is written: a schema sees the value, in which 1e3, 0777 and 1000 are alike',
  EmptyValue: 'nothing written after a colon is null to a schema, which is fine where null is',
  InstantInFuture: 'what time it is',
  DuplicateName: 'one member of several entries compared, ignoring case and Unicode form',
  DuplicateField: 'names that differ only in Unicode form',
  ForbiddenCharacter: 'characters that are written as escapes',
  ForbiddenField: 'names that programs trip over, wherever any name may stand',
  SecretInFile: 'the shape of a secret in any text',
  AnchorForbidden: 'a matter of YAML',
  AliasForbidden: 'a matter of YAML',
  TagForbidden: 'a matter of YAML',
  DirectiveForbidden: 'a matter of YAML',
  MergeKeyForbidden: 'a matter of YAML',
  MultipleDocuments: 'a matter of YAML; each of them may be good',
  EmptyFile: 'editors do not complain while a file is still empty',
  InvalidRecipient: 'a checksum',
};

/** Single files about which the two differ for a reason of their own. */
const exceptions: Readonly<Record<string, string>> = {
  'customers/identity/date': 'InvalidNumber again, for 5.0',
  'customers/members/member-that-is-null': 'a name that is no text is skipped by the server',
  'customers/metadata/more-than-api-takes': 'the size of all members together',
  'workspaces/good/only-a-document-mark': 'an empty document is none to the server; to us it is the defaults',
  'workspaces/settings/misspelt-status-setting':
    'a later version may record more beside the settings, so any name may stand there',
};

const topics = corpusTopics();

test.each(topics)('the language server says of $path what we say, but for what is listed', async (topic) => {
  for (const one of topic.cases) {
    const codes = (await judge(topic, one)).problems.map(({ code }) => code);
    const complaints = await editor.complaints(topic.kind, new TextDecoder().decode(one.bytes));
    const place = `${topic.path}/${one.name}`;
    if (codes.length > 0 === complaints.length > 0) {
      expect(exceptions[place], `${place}: the exception is not needed`).toBeUndefined();
    } else if (exceptions[place] === undefined) {
      expect(complaints, place).toEqual([]);
      expect(
        codes.filter((code) => onlyOurs[code] === undefined),
        place,
      ).toEqual([]);
    }
  }
});

test('every exception is about a file of the corpus', () => {
  const places = topics.flatMap(({ path, cases }) => cases.map(({ name }) => `${path}/${name}`));
  expect(Object.keys(exceptions).filter((place) => !places.includes(place))).toEqual([]);
});

test('a rule is told in words, not as a regular expression', async () => {
  const text =
    'externalId: a/b\nname: " x"\nbillingEmail: x\nkeys: [{ name: a, scopes: ["org:admin"], createdAfter: now }]\n';
  const complaints = await editor.complaints('customer', text);
  expect(complaints).toHaveLength(5);
  for (const complaint of complaints) {
    expect(complaint).toMatch(/\.$/);
    expect(complaint).not.toContain('pattern');
  }
});

describe('hovering over', () => {
  test.each([
    { place: 'credits', kind: 'customer', text: 'externalId: a\ncre‸dits: 5\n', says: 'REAL MONEY' },
    { place: 'a member of a refill', kind: 'customer', text: 'refill:\n  thres‸hold: 5\n', says: 'The refill fires' },
    {
      place: 'a scope',
      kind: 'customer',
      text: 'keys:\n  - name: a\n    scopes:\n      - con‸tent:read\n',
      says: 'Never one of org',
    },
    { place: 'createdAfter', kind: 'customer', text: 'keys:\n  - created‸After: x\n', says: 'raise it to rotate' },
    { place: 'the recorded phase', kind: 'customer', text: 'status:\n  pha‸se: Held\n', says: 'waits by itself' },
    { place: 'a guard', kind: 'workspace', text: 'guards:\n  max‸Grant: 5\n', says: 'Most credits' },
    { place: 'a default', kind: 'workspace', text: 'defaults:\n  ca‸p: 5\n', says: 'per billing period' },
    { place: 'an event', kind: 'workspace', text: 'webhooks:\n  - events: [post.pub‸lished]\n', says: 'catalog' },
    { place: 'resync', kind: 'workspace', text: 'daemon:\n  res‸ync: 10m\n', says: 'How often' },
  ] as const)('$place explains it', async ({ kind, text, says }) => {
    expect(await editor.hover(kind, text)).toContain(says);
  });
});

describe('completion', () => {
  test.each([
    {
      place: 'an empty customer',
      kind: 'customer',
      text: '‸',
      offers: [
        'externalId',
        'name',
        'billingEmail',
        'metadata',
        'credits',
        'cap',
        'keys',
        'state',
        'incarnation',
        'adopt',
      ],
    },
    { place: 'a refill', kind: 'customer', text: 'refill:\n  ‸\n', offers: ['threshold', 'amount'] },
    {
      place: 'a key',
      kind: 'customer',
      text: 'keys:\n  - name: a\n    ‸\n',
      offers: ['scopes', 'env', 'createdAfter', 'state'],
    },
    { place: 'adopt', kind: 'customer', text: 'adopt:\n  ‸\n', offers: ['organizationId', 'grantedCredits'] },
    {
      place: 'an empty workspace',
      kind: 'workspace',
      text: '‸',
      offers: ['parentOrganizationId', 'apiKeyId', 'webhooks', 'defaults', 'guards', 'secrets', 'status', 'daemon'],
    },
    { place: 'guards', kind: 'workspace', text: 'guards:\n  ‸\n', offers: ['maxGrant', 'freeze', 'approved'] },
    { place: 'defaults', kind: 'workspace', text: 'defaults:\n  ‸\n', offers: ['cap', 'billingEmail', 'metadata'] },
    {
      place: 'a webhook',
      kind: 'workspace',
      text: 'webhooks:\n  - name: a\n    ‸\n',
      offers: ['url', 'events', 'scope', 'state'],
    },
  ] as const)('in $place offers its members, each explained', async ({ kind, text, offers }) => {
    const offered = await editor.completions(kind, text);
    for (const member of offers) expect(offered.get(member), member).toMatch(/^\S.{15,}/);
  });

  test.each([
    { place: 'state', kind: 'customer', text: 'state: ‸\n', offers: ['active', 'suspended', 'archived'] },
    { place: 'env', kind: 'customer', text: 'keys:\n  - name: a\n    env: ‸\n', offers: ['live', 'test'] },
    {
      place: 'a scope of a webhook',
      kind: 'workspace',
      text: 'webhooks:\n  - scope: ‸\n',
      offers: ['own', 'all_children'],
    },
    {
      place: 'events',
      kind: 'workspace',
      text: 'webhooks:\n  - events:\n      - ‸\n',
      offers: ['post.published', 'job.failed'],
    },
  ] as const)('of $place offers its values', async ({ kind, text, offers }) => {
    const offered = await editor.completions(kind, text);
    expect([...offered.keys()]).toEqual(expect.arrayContaining([...offers]));
  });
});
