/**
 * Writes the JSON Schemas that editors and readers of our output use, and the definition of the custom resource; a test
 * fails when they are stale. Run it with `npm run schemas`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { eventsJsonSchema } from '../src/cli/render/event-schema.ts';
import { outputJsonSchema } from '../src/cli/render/output-schema.ts';
import { customerResourceYaml } from '../src/core/declaration/customer-crd.ts';
import { customerJsonSchema, type JsonSchema, workspaceJsonSchema } from '../src/core/declaration/json-schema.ts';

const schemas: Readonly<Record<string, JsonSchema>> = {
  'customer.schema.json': customerJsonSchema(),
  'events.schema.json': eventsJsonSchema(),
  'output.schema.json': outputJsonSchema(),
  'reconcile.schema.json': workspaceJsonSchema(),
};

for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(new URL(`../schemas/${name}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
}

const crd = new URL('../deploy/kustomize/crd/customers.yaml', import.meta.url);
mkdirSync(new URL('.', crd), { recursive: true });
writeFileSync(crd, customerResourceYaml());
