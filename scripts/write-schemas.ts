/** Writes the JSON Schemas that editors and readers of our output use; a test fails when they are stale. Run it with `npm run schemas`. */
import { writeFileSync } from 'node:fs';
import { eventsJsonSchema } from '../src/cli/render/event-schema.ts';
import { outputJsonSchema } from '../src/cli/render/output-schema.ts';
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
