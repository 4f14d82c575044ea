import { z } from 'zod';
import {
  amount,
  billingEmail,
  externalIdPattern,
  instant,
  labelText,
  metadata,
  namedList,
  organizationId,
  refill,
} from './fields.ts';

/** `family:action[:part]`, or a wildcard; the complete list is nowhere published, so any well-formed one is taken. */
const word = '[a-z][a-z0-9_-]*';
const scope = z
  .string()
  .max(120)
  .regex(/^(?!org:)/, 'is not for customers: org:admin and the other org scopes govern the parent organization')
  .regex(
    new RegExp(`^(?:\\*|${word}:(?:\\*|${word}(?::(?:\\*|${word}))?))$`),
    'must be a scope such as content:read or ads:write:budgets, or a wildcard: "*", ads:*',
  )
  .meta({
    description:
      'family:action, family:action:part, or a wildcard: "*" (in quotes), ads:*, ads:write:*. Never one of org:…',
    examples: ['content:read', 'content:write', 'ads:*'],
  });

const apiKey = z
  .strictObject({
    name: labelText(120).meta({
      description:
        'Label of the key and file name of its secret. 1-120 characters, unique in this file (case ignored).',
      examples: ['acme-integration'],
    }),
    scopes: z
      .array(scope)
      .min(1)
      .max(64)
      .meta({
        description:
          'What the key may do: 1-64 scopes, compared as a set; a subset of the scopes of the parent key. Never org:admin. ' +
          'Changing them mints a new key; the old one is revoked 24 hours later.',
        examples: [['content:read', 'content:write']],
      }),
    env: z.enum(['live', 'test']).default('live').meta({
      description: 'live works with real data; test gives a key of the sandbox tier. Changing it mints a new key.',
    }),
    createdAfter: instant.optional().meta({
      description:
        'The live key must be younger than this UTC time; raise it to rotate the key. The old secret works for 24 more ' +
        'hours. Not in the future.',
      examples: ['2026-11-01T00:00:00Z'],
    }),
    state: z.enum(['active', 'revoked']).default('active').meta({
      description:
        'revoked ends the key at once. Removing the entry does not: a key nobody declares is reported and left alone.',
    }),
  })
  .meta({ description: 'One API key; name and scopes are required.' });

/** One file below `customers/`, without its `status`. */
export const customerSchema = z.strictObject({
  externalId: z
    .string()
    .regex(
      externalIdPattern,
      'must be 1-128 letters, digits, dots, underscores, colons or hyphens, and begin with a letter or digit',
    )
    .meta({
      description:
        'The customer’s identity: how its organization is found again. It never changes and no other file may have it ' +
        '(not even in another case). Letters, digits, and . _ : - ; 1-128 characters.',
      examples: ['acme-coffee'],
    }),
  name: labelText(128).meta({
    description: 'Name of the child organization, 1-128 characters. May be changed at any time.',
    examples: ['Acme Coffee'],
  }),
  billingEmail: billingEmail.optional().meta({
    description: 'Informational contact address. null clears it; left out, it is not managed.',
    examples: ['ops@acme.example'],
  }),
  metadata: metadata.optional().meta({
    description:
      'Your own text values on the organization: at most 45 keys of up to 40 characters, values up to 500. A key that is ' +
      'dropped here stays there; "" unsets it. externalId, rcn and rcn_* are reserved.',
    examples: [{ plan: 'growth' }],
  }),
  credits: amount.default(0).meta({
    description:
      'Credits, in total, that this tool may ever move from the parent wallet to this customer: REAL MONEY. Raising it ' +
      'moves the difference once; lowering it moves nothing back. What the customer uses is never topped up. ' +
      'Plain digits, 0 to 9999999999999.',
    examples: [5000],
  }),
  cap: amount
    .nullable()
    .optional()
    .meta({
      description:
        'Credits the customer may spend per billing period (monthlyCreditCap). 0 stops all spending, null means no cap; left ' +
        'out, the cap is not managed.',
      examples: [5000],
    }),
  refill: refill.optional().meta({
    description:
      'Automatic refill from the parent wallet, enabled after the declared credits are granted: it moves REAL MONEY by ' +
      'itself, so it wants a cap. Both members or neither; null turns it off; left out, it is not managed.',
    examples: [{ threshold: 1000, amount: 2000 }],
  }),
  keys: namedList(apiKey).default([]).meta({
    description: 'API keys to mint for the customer; each secret is shown once and goes to the secret store.',
  }),
  state: z
    .enum(['active', 'suspended', 'archived'])
    .default('active')
    .meta({
      description:
        'suspended stops the customer (its keys answer 503) until this says active again. archived ends it for good: all keys ' +
        'are revoked and unspent credits return to the parent. There is no way back but a higher incarnation.',
    }),
  incarnation: z.int().min(1).max(999_999).default(1).meta({
    description:
      'Raise it to onboard an archived customer again: a new organization, new keys, and the declared credits granted anew.',
  }),
  adopt: z
    .strictObject({
      organizationId: organizationId.meta({
        description: 'The existing organization to take over.',
        examples: ['org_d4e5f6a7-8b9c-4d0e-9f2a-3b4c5d6e7f80'],
      }),
      grantedCredits: amount.meta({
        description: 'Credits it was given by hand so far; they count as granted, so that nothing is paid twice.',
        examples: [5000],
      }),
    })
    .optional()
    .meta({ description: 'Takes over an organization that was made by hand, instead of creating one.' }),
});

export type CustomerDeclaration = z.output<typeof customerSchema>;
export type KeyDeclaration = CustomerDeclaration['keys'][number];
export type RefillDeclaration = NonNullable<z.output<typeof refill>>;
