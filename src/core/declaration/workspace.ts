import { z } from 'zod';
import { durationInRangePattern, durationPattern, parseDuration } from './duration.ts';
import {
  amount,
  billingEmail,
  count,
  endpointId,
  instant,
  labelText,
  metadata,
  namedList,
  organizationId,
  refill,
} from './fields.ts';
import { listenSettingInRangePattern, listenSettingPattern, parseListenSetting } from './listen-address.ts';
import { secretSettings } from './secret-settings.ts';
import { statusSettings } from './status-settings.ts';
import { webhookEvents } from './webhook-catalog.ts';
import { allowedHostPattern, webhookUrlPattern, webhookUrlProblem } from './webhook-url.ts';

const webhookUrl = z
  .string()
  .max(2048)
  .superRefine((url, context) => {
    const message = webhookUrlProblem(url);
    if (message !== null) context.addIssue({ code: 'custom', message, params: { code: 'InvalidWebhookUrl' } });
  })
  .meta({
    pattern: webhookUrlPattern.source,
    patternErrorMessage:
      'Must be https on port 443 with a public domain name: no IP address, no user name, no fragment.',
  });

const webhook = z
  .strictObject({
    name: labelText(120).meta({
      description:
        'Identity of the endpoint within this file and file name of its signing secret. 1-120 characters, unique.',
      examples: ['firehose'],
    }),
    url: webhookUrl.meta({
      description: 'Where events are delivered: https on port 443, a public domain name, no user name, no IP address.',
      examples: ['https://hooks.partner.example/layers'],
    }),
    events: z
      .array(z.enum(webhookEvents).meta({ description: 'An event of the API’s catalog.' }))
      .min(1)
      .max(50)
      .meta({
        description: 'Events to deliver, compared as a set.',
        examples: [['content.generated', 'post.published']],
      }),
    scope: z.enum(['own', 'all_children']).default('all_children').meta({
      description:
        'all_children delivers the events of every customer (each with data.organizationId); own only the parent’s.',
    }),
    description: z.string().max(500).nullable().optional().meta({
      description: 'Free text shown by the API. null clears it; left out, it is not managed.',
    }),
    state: z
      .enum(['active', 'paused', 'deleted'])
      .default('active')
      .meta({
        description:
          'paused stops deliveries; deleted removes the endpoint and its delivery history. Removing the entry does neither. An ' +
          'endpoint that the API paused by itself is reported, not fought.',
      }),
    secretCreatedAfter: instant.optional().meta({
      description:
        'Raise it to this UTC time to rotate the signing secret; both secrets sign for a while. Not in the future.',
      examples: ['2026-11-01T00:00:00Z'],
    }),
    adopt: endpointId.optional().meta({
      description: 'Id of an existing endpoint with the same URL and scope, to take over instead of creating another.',
      examples: ['0f8fad5b-d9cb-469f-a165-70867728950e'],
    }),
  })
  .meta({ description: 'One webhook endpoint; name, url and events are required.' });

const guards = z.strictObject({
  minParentBalance: amount.optional().meta({
    description: 'Credits that must stay in the parent’s prepaid balance after everything that waits is granted.',
    examples: [100000],
  }),
  maxGrantPerCustomer: amount.optional().meta({
    description: 'Most credits that may wait to be granted to one customer.',
    examples: [10000],
  }),
  maxGrant: amount.optional().meta({
    description: 'Most credits that may wait to be granted to all customers together.',
    examples: [50000],
  }),
  maxGrantPerDay: amount.optional().meta({
    description:
      'Most credits granted since 00:00 UTC, counted on the parent’s ledger, so that a restart changes nothing.',
    examples: [100000],
  }),
  maxNewCustomers: count.optional().meta({
    description: 'Most customers that may wait to be created.',
    examples: [25],
  }),
  maxArchives: count
    .default(1)
    .meta({ description: 'Most customers that may wait to be archived. Archiving is final.' }),
  maxKeyRevocations: count.default(5).meta({
    description: 'Most API keys that may wait to be revoked; keys that an archive ends are not counted.',
  }),
  requireCapWithRefill: z.boolean().default(true).meta({
    description: 'Refuses to enable a refill for a customer without a cap: without one, nothing limits what it spends.',
  }),
  allowedWebhookHosts: z
    .array(
      z
        .string()
        .max(253)
        .regex(
          allowedHostPattern,
          'must be a host such as hooks.partner.example, or *.partner.example for all hosts below',
        )
        .meta({ description: 'A host in lower case, or "*.partner.example" (in quotes) for every host below it.' }),
    )
    .optional()
    .meta({
      description: 'Hosts that webhooks may be sent to; *.partner.example covers every host below partner.example.',
      examples: [['hooks.partner.example']],
    }),
  freeze: z
    .boolean()
    .default(false)
    .meta({ description: 'true stops every write at once; reading and planning go on.' }),
  approved: z
    .array(
      z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/, 'must be an approval hash as a plan prints it: sha256: and 64 hex digits')
        .meta({ description: 'sha256: and 64 hex digits, as a plan prints it.' }),
    )
    .default([])
    .meta({
      description:
        'Approval hashes of plans or of customers whose blocked steps may run. Remove them once they ran; they cover ' +
        'nothing but those steps.',
      examples: [[`sha256:${'0'.repeat(64)}`]],
    }),
});

/** `reconcile.yaml`, without its recorded `status`. */
export const workspaceSchema = z.strictObject({
  parentOrganizationId: organizationId.optional().meta({
    description:
      'The parent organization this workspace belongs to; `reconcile init` writes it. Without it, or when the API key belongs ' +
      'to another parent, nothing is created, granted or minted.',
    examples: ['org_2481fa5c-a404-44ed-a561-565392499abc'],
  }),
  apiKeyId: z
    .string()
    .regex(/^(?!lp_)[A-Za-z0-9_-]{1,100}$/, 'must be the id of an API key, as whoami prints it (never the key itself)')
    .optional()
    .meta({
      description:
        'Id of the one API key that every writer of this parent uses, because the API remembers replays per key; ' +
        '`reconcile init` writes it. It is not a secret.',
      examples: ['key_c2037bb9-354d-4662-96b7-97a28ad6b6e1'],
    }),
  webhooks: namedList(webhook)
    .default([])
    .meta({ description: 'Webhook endpoints of the parent organization, one for the whole fleet as a rule.' }),
  defaults: z
    .strictObject({
      cap: amount
        .nullable()
        .optional()
        .meta({
          description:
            'Credits that each customer without a cap of its own may spend per billing period; null means no cap.',
          examples: [5000],
        }),
      refill: refill.optional().meta({
        description:
          'Automatic refill from the parent wallet for each customer without one of its own: REAL MONEY moves by itself, so ' +
          'it wants a cap. Both members or neither; null turns it off.',
        examples: [{ threshold: 1000, amount: 2000 }],
      }),
      billingEmail: billingEmail.optional().meta({
        description: 'Contact address of each customer without one of its own; null clears it.',
        examples: ['ops@partner.example'],
      }),
      metadata: metadata.optional().meta({
        description:
          'Text values for the organization of each customer without metadata of its own (they are not mixed). At most 45 keys; ' +
          'externalId, rcn and rcn_* are reserved.',
        examples: [{ plan: 'growth' }],
      }),
    })
    .default({})
    .meta({
      description: 'What customers have that do not say otherwise. A customer’s own member replaces the default whole.',
    }),
  guards: guards.prefault({}).meta({
    description:
      'Limits on what may wait to be done, over the whole fleet. Above a limit none of those steps runs until somebody ' +
      'approves them. Review changes here as you review payments.',
  }),
  secrets: secretSettings.prefault({}).meta({ description: 'The store for API keys and signing secrets.' }),
  status: statusSettings.prefault({}).meta({
    description:
      'Where status is written. With the inline store, the fleet’s own status stands here too; it is written by us.',
  }),
  daemon: z
    .strictObject({
      resync: z
        .string()
        .regex(durationPattern, 'must be a duration such as 30s, 10m or 1h')
        .refine((text) => !durationPattern.test(text) || parseDuration(text) !== null, 'must be at most 24 hours')
        .default('10m')
        .meta({
          description: 'How often the daemon compares everything with the API even when no file changed: 1s to 24h.',
          pattern: durationInRangePattern,
          patternErrorMessage: 'Must be a duration from 1s to 24h, such as 30s, 10m or 1h.',
        }),
      listen: z
        .string()
        .regex(listenSettingPattern, 'must be host:port, such as 127.0.0.1:9465, or off')
        .refine(
          (text) => !listenSettingPattern.test(text) || parseListenSetting(text) !== null,
          'must have a port from 0 to 65535',
        )
        .optional()
        .meta({
          description:
            'Where health probes and metrics answer: host:port, 127.0.0.1:9465 when left out, or off. They carry no secret, yet keep them private.',
          examples: ['127.0.0.1:9465', 'off'],
          pattern: listenSettingInRangePattern,
          patternErrorMessage: 'Must be host:port, such as 127.0.0.1:9465, with a port from 0 to 65535, or off.',
        }),
    })
    .prefault({})
    .meta({ description: 'Settings of `reconcile --watch`.' }),
});

export type WorkspaceDeclaration = z.output<typeof workspaceSchema>;
export type WebhookDeclaration = WorkspaceDeclaration['webhooks'][number];
export type GuardsDeclaration = WorkspaceDeclaration['guards'];
