import { resolve } from 'node:path';
import { customerResourceYaml } from '../../core/declaration/customer-crd.ts';
import { customerJsonSchema, type JsonSchema, workspaceJsonSchema } from '../../core/declaration/json-schema.ts';
import { replaceFile } from '../../effects/durable-file.ts';
import type { SchemaName, SchemaOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { eventsJsonSchema } from '../render/event-schema.ts';
import { outputJsonSchema } from '../render/output-schema.ts';
import { disk } from '../stores.ts';

const json = (schema: JsonSchema) => `${JSON.stringify(schema, null, 2)}\n`;

const texts: Readonly<Record<SchemaName, () => string>> = {
  customer: () => json(customerJsonSchema()),
  reconcile: () => json(workspaceJsonSchema()),
  output: () => json(outputJsonSchema()),
  events: () => json(eventsJsonSchema()),
  crd: customerResourceYaml,
};

/**
 * Prints one of the JSON Schemas that are also in schemas/, or the definition of the custom resource, or writes it to a
 * file.
 */
export async function schema({ name, outputFile }: SchemaOptions, context: CommandContext): Promise<number> {
  const text = texts[name]();
  if (outputFile === null) {
    context.stdout(text);
    return exitCodes.ok;
  }
  const written = replaceFile(disk, resolve(outputFile), new TextEncoder().encode(text), { mode: 0o644 });
  if (written.ok) return exitCodes.ok;
  context.stderr(`The schema was not written: ${written.message}.\n`);
  return exitCodes.cannotRun;
}
