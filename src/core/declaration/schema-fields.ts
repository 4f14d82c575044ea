import { z } from 'zod';

type AnySchema = z.core.$ZodType;

/** The schema of the value at a path, without its wrappers; null when the schema knows no such place. */
export function schemaAt(schema: AnySchema, path: readonly PropertyKey[]): AnySchema | null {
  let current: AnySchema | undefined = unwrap(schema);
  for (const segment of path) {
    if (current instanceof z.ZodObject) current = current.shape[String(segment)];
    else if (current instanceof z.ZodArray) current = current.element;
    else if (current instanceof z.ZodRecord) current = current.valueType;
    else return null;
    if (current === undefined) return null;
    current = unwrap(current);
  }
  return current;
}

/** The members that an object at a path may have; empty for anything that is no object. */
export function fieldsAt(schema: AnySchema, path: readonly PropertyKey[]): readonly string[] {
  const found = schemaAt(schema, path);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** The first example that a member's description gives. */
export function exampleOf(schema: AnySchema, parent: readonly PropertyKey[], member: string): unknown {
  const found = schemaAt(schema, parent);
  const field: AnySchema | undefined = found instanceof z.ZodObject ? found.shape[member] : undefined;
  const examples = field === undefined ? undefined : z.globalRegistry.get(field)?.['examples'];
  return Array.isArray(examples) ? examples[0] : undefined;
}

function unwrap(schema: AnySchema): AnySchema {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) {
    inner = inner.unwrap();
  }
  return inner;
}
