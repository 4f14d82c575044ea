import type { JsonSchema } from './json-schema.ts';
import { isRecord } from './reading.ts';

export interface StructuralOptions {
  /** What replaces or follows members of the schema, by path (`keys[].scopes[]`); `undefined` takes one away. */
  readonly rulesAt: Readonly<Record<string, JsonSchema>>;
  readonly translatePattern: (source: string) => string | null;
}

/** What a structural schema may not have, or what would change objects: defaults are told in words. */
const dropped: ReadonlySet<string> = new Set(['additionalProperties', 'default', 'examples', 'allOf', 'pattern']);

/**
 * A structural schema, as a CustomResourceDefinition wants it: no references, closed objects by pruning instead of by
 * `additionalProperties: false`, patterns in RE2. Defaults are not filled in by the server: an object stays as it was
 * applied, so that no tool sees it differ from git.
 */
export function structural(schema: JsonSchema, options: StructuralOptions, path = ''): JsonSchema {
  const { type, properties, items, additionalProperties, allOf, pattern } = schema;
  const kept = Object.fromEntries(Object.entries(schema).filter(([member]) => !dropped.has(member)));
  const at = (schemaBelow: unknown, pathBelow: string) =>
    isRecord(schemaBelow) ? structural(schemaBelow, options, pathBelow) : undefined;
  const described = describe(schema);
  return withoutUndefined({
    ...kept,
    ...(described === null ? {} : { description: described }),
    ...(type === 'integer' ? { format: 'int64' } : {}),
    ...patternOf(pattern, allOf, options),
    ...(isRecord(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, below]) => [
              name,
              at(below, path === '' ? name : `${path}.${name}`),
            ]),
          ),
        }
      : {}),
    ...(isRecord(items) ? { items: at(items, `${path}[]`) } : {}),
    ...(isRecord(additionalProperties) ? { additionalProperties: at(additionalProperties, `${path}{}`) } : {}),
    ...options.rulesAt[path],
  });
}

function describe({ description, default: value }: JsonSchema): string | null {
  const text = typeof description === 'string' ? description : null;
  if (value === undefined) return text;
  const told = `Default: ${JSON.stringify(value)}.`;
  return text === null ? told : `${text} ${told}`;
}

/** Of several patterns those that RE2 can say; the schema has room for one, and there never are two. */
function patternOf(
  pattern: unknown,
  allOf: unknown,
  { translatePattern }: StructuralOptions,
): { readonly pattern?: string } {
  const all = [
    pattern,
    ...(Array.isArray(allOf) ? allOf.map((one: unknown) => (isRecord(one) ? one['pattern'] : null)) : []),
  ];
  const [said] = all.flatMap((one) => (typeof one === 'string' ? (translatePattern(one) ?? []) : []));
  return said === undefined ? {} : { pattern: said };
}

function withoutUndefined(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}

/** Gives members the descriptions that are kept apart from their schema. */
export function describedBy(schema: JsonSchema, members: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const { properties } = schema;
  if (!isRecord(properties)) return schema;
  return { ...schema, properties: mapped(properties, members) };
}

function mapped(properties: JsonSchema, members: Readonly<Record<string, unknown>>): JsonSchema {
  return Object.fromEntries(
    Object.entries(properties).map(([name, below]) => {
      const described = members[name];
      return [name, isRecord(below) && isRecord(described) ? describedOne(below, described) : below];
    }),
  );
}

function describedOne(schema: JsonSchema, described: JsonSchema): JsonSchema {
  const { description, properties, items } = described;
  return {
    ...schema,
    ...(typeof description === 'string' ? { description } : {}),
    ...(isRecord(properties) && isRecord(schema['properties'])
      ? { properties: mapped(schema['properties'], properties) }
      : {}),
    ...(isRecord(items) && isRecord(schema['items']) ? { items: describedOne(schema['items'], items) } : {}),
  };
}
