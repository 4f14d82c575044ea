import { z } from 'zod';
import { customerSchema } from './customer.ts';
import { customerStatusMembers, fleetStatusMembers } from './recorded-status.ts';
import { workspaceSchema } from './workspace.ts';

/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const recordedStatus = {
  description: 'Written by the reconciler. Editing or deleting it can stop a write, never cause one.',
  anyOf: [{ type: 'object', properties: customerStatusMembers }, { type: 'null' }],
};

const target = {
  io: 'input',
  target: 'draft-2020-12',
  override: ({ zodSchema, jsonSchema }) => explainPatterns(zodSchema, jsonSchema),
} satisfies Parameters<typeof z.toJSONSchema>[1];

/**
 * What editors know about a customer file. It says less than we do: rules about how a number is written, about names
 * that must differ, and about times are not expressible in it (test/editors lists them).
 */
export function customerJsonSchema(): JsonSchema {
  const { $schema, properties, ...rest } = z.toJSONSchema(customerSchema, target);
  return {
    $schema,
    $id: 'urn:layers-reconciler:customer',
    title: 'Customer',
    description: 'One customer of a partner on the Layers API: one file below customers/.',
    ...rest,
    properties: { ...properties, status: recordedStatus },
  };
}

/** What editors know about `reconcile.yaml`. */
export function workspaceJsonSchema(): JsonSchema {
  const { $schema, properties, ...rest } = z.toJSONSchema(workspaceSchema, target);
  const settings = properties?.['status'];
  const known = typeof settings === 'object' ? settings : {};
  return {
    $schema,
    $id: 'urn:layers-reconciler:reconcile',
    title: 'Workspace',
    description: 'The settings of one workspace, which belongs to one parent organization: reconcile.yaml.',
    ...rest,
    // The inline status store writes the fleet's own status beside the settings.
    properties: {
      ...properties,
      status: { ...known, properties: { ...known.properties, ...fleetStatusMembers }, additionalProperties: true },
    },
  };
}

/** Texts that between them break every pattern we have; a pattern that none of them breaks stays without its sentence. */
const probes = ['\u0000', 'org:', 'externalId', 'lp_'];

/**
 * Editors show the sentence of a rule instead of its regular expression; `patternErrorMessage` is the keyword of the
 * YAML language server for it, and for others an annotation like any other.
 */
function explainPatterns(zodSchema: z.core.$ZodType, jsonSchema: z.core.JSONSchema.BaseSchema): void {
  const rules = jsonSchema.pattern === undefined ? (jsonSchema.allOf ?? []) : [jsonSchema];
  if (rules.length === 0) return;
  const issues = probes.flatMap((probe) => z.core.safeParse(zodSchema, probe).error?.issues ?? []);
  for (const rule of rules) {
    const own = issues.filter((issue) => issue.code === 'invalid_format');
    // One that stands in for a rule and a calendar is told as the rule.
    const broken =
      own.find(({ pattern }) => pattern === `/${rule.pattern}/`) ?? (rules.length === 1 ? own[0] : undefined);
    if (broken === undefined) continue;
    const sentence = broken.message.charAt(0).toUpperCase() + broken.message.slice(1);
    rule['patternErrorMessage'] ??= `${sentence}.`;
  }
}
