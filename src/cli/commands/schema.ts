import { resolve } from 'node:path';
import { customerJsonSchema, type JsonSchema, workspaceJsonSchema } from '../../core/declaration/json-schema.ts';
import { replaceFile } from '../../effects/durable-file.ts';
import type { SchemaName, SchemaOptions } from '../commands.ts';
import { disk } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { eventsJsonSchema } from '../render/event-schema.ts';
import { outputJsonSchema } from '../render/output-schema.ts';

const schemas: Readonly<Record<SchemaName, () => JsonSchema>> = {
  customer: customerJsonSchema,
  reconcile: workspaceJsonSchema,
  output: outputJsonSchema,
  events: eventsJsonSchema,
};

/** Prints one of the JSON Schemas that are also in schemas/, or writes it to a file. */
export async function schema({ name, outputFile }: SchemaOptions, context: CommandContext): Promise<number> {
  const text = `${JSON.stringify(schemas[name](), null, 2)}\n`;
  if (outputFile === null) {
    context.stdout(text);
    return exitCodes.ok;
  }
  const written = replaceFile(disk, resolve(outputFile), new TextEncoder().encode(text), { mode: 0o644 });
  if (written.ok) return exitCodes.ok;
  context.stderr(`The schema was not written: ${written.message}.\n`);
  return exitCodes.cannotRun;
}
