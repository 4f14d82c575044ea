import { z } from 'zod';
import { customerSchema } from './customer.ts';
import { workspaceSchema } from './workspace.ts';

/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const recordedStatus = {
  description: 'Written by the reconciler. Editing or deleting it can stop a write, never cause one.',
  anyOf: [{ type: 'object' }, { type: 'null' }],
};

/**
 * What editors know about a customer file. It says less than we do: rules about how a number is written, about names
 * that must differ, and about times are not expressible in it.
 */
export function customerJsonSchema(): JsonSchema {
  const { $schema, properties, ...rest } = z.toJSONSchema(customerSchema, { io: 'input', target: 'draft-2020-12' });
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
  const { $schema, properties, ...rest } = z.toJSONSchema(workspaceSchema, { io: 'input', target: 'draft-2020-12' });
  const settings = properties?.['status'];
  return {
    $schema,
    $id: 'urn:layers-reconciler:reconcile',
    title: 'Workspace',
    description: 'The settings of one workspace, which belongs to one parent organization: reconcile.yaml.',
    ...rest,
    // The inline status store writes the fleet's own status beside the two settings.
    properties: {
      ...properties,
      status: { ...(typeof settings === 'object' ? settings : {}), additionalProperties: true },
    },
  };
}
