import { z } from 'zod';
import { customerStatusSchema } from '../status.ts';
import { yamlLines } from '../yaml-text.ts';
import { customerSchema } from './customer.ts';
import { customerResource } from './customer-resource.ts';
import type { JsonSchema } from './json-schema.ts';
import { translatePattern } from './re2.ts';
import { customerStatusMembers } from './recorded-status.ts';
import { describedBy, structural } from './structural-schema.ts';

/**
 * The CustomResourceDefinition of `Customer`, from the schema of customer files: what a file may say, an object may say
 * below `spec`. It says less than we do where a cluster cannot know (times in the future, twins in Unicode), and never
 * more: an object that the API server refuses is no file that we would take (test/kubernetes compares the two).
 */
export function customerResourceDefinition(): JsonSchema {
  const { group, version, kind, listKind, plural, singular, shortNames, categories } = customerResource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, listKind, plural, singular, shortNames, categories },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns,
          schema: { openAPIV3Schema: customerObjectSchema() },
        },
      ],
    },
  };
}

/** The same as a manifest. */
export function customerResourceYaml(): string {
  const definition = z.record(z.string(), z.json()).parse(customerResourceDefinition());
  return ['# Made from the schema of customer files by `npm run schemas`.', ...yamlLines(definition, ''), ''].join(
    '\n',
  );
}

const column = (name: string, type: string, jsonPath: string, description: string, priority = 0) => ({
  name,
  type,
  jsonPath,
  description,
  ...(priority === 0 ? {} : { priority }),
});

/** Columns of priority 1 are shown by `kubectl get -o wide`. */
const printerColumns = [
  column('Ready', 'string', '.status.conditions[?(@.type=="Ready")].status', 'Whether it is as declared.'),
  column('Phase', 'string', '.status.phase', 'Held waits by itself; Stalled needs a person.'),
  column('Declared', 'integer', '.spec.credits', 'Credits in total, as declared.'),
  column('Granted', 'integer', '.status.credits.granted', 'Credits granted so far.'),
  column('Organization', 'string', '.status.organizationId', 'The customer’s organization.'),
  column('Age', 'date', '.metadata.creationTimestamp', 'Since this object exists.'),
  column('Reason', 'string', '.status.conditions[?(@.type=="Ready")].reason', 'Why it is ready, or is not.', 1),
  column('Message', 'string', '.status.conditions[?(@.type=="Ready")].message', 'The same in words.', 1),
];

function customerObjectSchema(): JsonSchema {
  return {
    type: 'object',
    description:
      'A customer of a partner on the Layers API: its organization, credits, limits and API keys. Deleting this object ' +
      'deletes nothing there: to end a customer, declare state: archived.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: specSchema(),
      status: statusSchema(),
    },
  };
}

const rule = (text: string, message: string, extra: Readonly<Record<string, string>> = {}) => ({
  rule: text,
  message,
  ...extra,
});

/** A declaration of 2,000 nodes cannot hold more; the cost of rules about entries is reckoned from a bound. */
const KEYS_MAX = 400;

/** What the schema of a cluster says in its own way, by the path of the member. */
const rulesAt: Readonly<Record<string, JsonSchema>> = {
  '': {
    'x-kubernetes-validations': [
      rule(
        '(has(self.incarnation) ? self.incarnation : 1) >= (has(oldSelf.incarnation) ? oldSelf.incarnation : 1)',
        'incarnation only ever rises',
        { fieldPath: '.incarnation', reason: 'FieldValueForbidden' },
      ),
    ],
  },
  externalId: {
    'x-kubernetes-validations': [
      rule('self == oldSelf', 'externalId is the customer’s identity and never changes', {
        reason: 'FieldValueForbidden',
      }),
    ],
  },
  metadata: {
    'x-kubernetes-validations': [
      rule(
        "self.all(key, !(key in ['externalId', 'rcn']) && !key.startsWith('rcn_'))",
        'externalId, rcn and rcn_* are reserved: the reconciler writes them itself',
      ),
      rule('self.all(key, size(key) >= 1 && size(key) <= 40)', 'a key of metadata has 1 to 40 characters'),
    ],
  },
  refill: {
    // Said by the rule, in words, instead of by `required`.
    required: undefined,
    'x-kubernetes-validations': [
      rule(
        'has(self.threshold) && has(self.amount)',
        'refill has both threshold and amount; null turns it off, and left out it is not managed',
      ),
    ],
  },
  keys: {
    maxItems: KEYS_MAX,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  },
  'keys[].scopes[]': {
    'x-kubernetes-validations': [
      rule(
        "!self.startsWith('org:')",
        'org:admin and the other org scopes govern the parent organization and are not for customers',
      ),
    ],
  },
  'keys[].createdAfter': { format: 'date-time' },
};

function specSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(customerSchema, { io: 'input', target: 'openapi-3.0' });
  return {
    ...structural(schema, { rulesAt, translatePattern }),
    description:
      'What is declared, member for member what a file below customers/ says. A member that is left out is not managed, or ' +
      'has the default that reconcile.yaml gives it.',
  };
}

const statusRulesAt: Readonly<Record<string, JsonSchema>> = {
  // What a newer version of the reconciler recorded may be a veto: an older definition must not prune it away.
  '': { required: undefined, 'x-kubernetes-preserve-unknown-fields': true },
  conditions: { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] },
  'conditions[].type': { maxLength: 316, pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$' },
  'conditions[].reason': { minLength: 1, maxLength: 1024, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' },
  'conditions[].message': { maxLength: 32_768 },
  'conditions[].lastTransitionTime': { format: 'date-time' },
  observedGeneration: { format: 'int64' },
};

function statusSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(customerStatusSchema, { io: 'input', target: 'openapi-3.0' });
  return {
    ...describedBy(structural(schema, { rulesAt: statusRulesAt, translatePattern }), customerStatusMembers),
    description: 'Written by the reconciler. Editing or deleting it can stop a write, never cause one.',
  };
}
