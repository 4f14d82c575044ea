import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testWebhook } from '../../../src/cli/commands/webhooks.ts';
import { plainPage } from '../../../src/cli/render/page.ts';
import { renderWebhookTest } from '../../../src/cli/render/webhook-test.ts';
import type { WebhookDelivery, WebhookEndpoint } from '../../../src/core/api.ts';
import { repositoryRoot } from '../../support/source-tree.ts';
import { isDocument } from '../support/documents.ts';
import { onboardedWorkspace } from '../support/onboarded.ts';
import { textOf } from '../support/workspace.ts';

const text = { name: 'firehose', output: 'text', color: false, sandbox: false } as const;
const json = { ...text, output: 'json' } as const;
const FIREHOSE =
  'webhooks:\n  - { name: firehose, url: https://hooks.partner.example/layers, events: [content.generated] }\n';

describe('reconcile webhooks test', () => {
  it('is one valid document with --output json, also when no ping was sent', async () => {
    const bound = await onboardedWorkspace(FIREHOSE);
    const frozen = bound.context();
    const file = join(bound.directory, 'reconcile.yaml');
    writeFileSync(file, `guards: { freeze: true }\n${readFileSync(file, 'utf8')}`);
    expect(await testWebhook({ ...json, directory: bound.directory }, frozen)).toBe(4);
    const unknown = bound.context();
    expect(await testWebhook({ ...json, name: 'other', directory: bound.directory }, unknown)).toBe(1);
    const noKey = bound.context({ credentials: () => ({ ok: false, message: 'There is no API key.' }) });
    expect(await testWebhook({ ...json, directory: bound.directory }, noKey)).toBe(1);
    for (const context of [frozen, unknown, noKey]) expect(isDocument(JSON.parse(context.printed.out))).toBe(true);
  });
});

describe('the text of a test ping', () => {
  const endpoint: WebhookEndpoint = {
    id: '0f8fad5b-d9cb-469f-a165-70867728950e',
    organizationId: 'org_1',
    url: 'https://hooks.partner.example/layers',
    description: null,
    status: 'active',
    events: ['content.generated'],
    metadata: {},
    scope: 'all_children',
    createdAt: '2026-06-15T12:00:00.000Z',
  };
  const told = (delivery: Partial<WebhookDelivery> | null, status: WebhookEndpoint['status'] = 'active') => {
    const nothing = {
      id: 'd1',
      status: 'pending',
      attempts: 0,
      lastResponseStatus: null,
      lastErrorMessage: null,
    } as const;
    const sent = { kind: 'sent', endpoint: { ...endpoint, status }, deliveryId: 'd1' } as const;
    const lines = renderWebhookTest(
      'firehose',
      { ...sent, delivery: delivery && { ...nothing, ...delivery } },
      plainPage,
    );
    expect(lines.split('\n').filter((line) => line.length > 80)).toEqual([]);
    return lines;
  };

  it('is what docs/commands.md shows of it', () => {
    const id = 'd7b1a606-7304-45fb-8313-885f15029421';
    const deliveryId = '92e5248e-2715-4225-82f0-11df43388dc2';
    const delivery = {
      id: deliveryId,
      status: 'delivered',
      attempts: 1,
      lastResponseStatus: 200,
      lastErrorMessage: null,
    } as const;
    const text = renderWebhookTest(
      'firehose',
      { kind: 'sent', endpoint: { ...endpoint, id }, deliveryId, delivery },
      plainPage,
    );
    expect(textOf(repositoryRoot, 'docs/commands.md')).toContain(`\n${text}\``);
  });

  it.each([
    {
      reason: 'delivered',
      delivery: { status: 'delivered', lastResponseStatus: 204, attempts: 1 },
      said: 'The receiver answered 204.',
    },
    {
      reason: 'refused',
      delivery: { status: 'failed', lastResponseStatus: 500, attempts: 2, lastErrorMessage: 'no' },
      said: 'The receiver answered 500 after 2 attempts. The API says: no',
    },
    {
      reason: 'no answer',
      delivery: { status: 'abandoned', lastErrorMessage: 'timeout' },
      said: 'The receiver did not answer. The API says: timeout',
    },
    { reason: 'waiting', delivery: {}, said: 'The ping was sent and is not delivered yet.' },
    { reason: 'never seen', delivery: null, said: 'The ping was sent and is not delivered yet.' },
  ] as const)('says what the receiver did: $reason', ({ delivery, said }) => {
    expect(told(delivery)).toContain(said);
  });

  it('says that a paused endpoint gets nothing', () => {
    expect(told({}, 'paused')).toContain('The endpoint is paused: nothing is delivered to it.');
    expect(told({ status: 'failed' }, 'auto_paused')).toContain('The endpoint is paused by the API');
  });
});
