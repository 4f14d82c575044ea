import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { customerResourceDefinition, customerResourceYaml } from '../../../src/core/declaration/customer-crd.ts';
import { translatePattern } from '../../../src/core/declaration/re2.ts';

const published = new URL('../../../deploy/kustomize/crd/customers.yaml', import.meta.url);

interface Schema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

/** The schema and all below it, each with its path. */
function walk(schema: Schema, path: string): [path: string, schema: Schema][] {
  return [
    [path, schema],
    ...Object.entries(schema.properties ?? {}).flatMap(([name, below]) => walk(below, `${path}.${name}`)),
    ...(schema.items ? walk(schema.items, `${path}[]`) : []),
    ...(schema.additionalProperties ? walk(schema.additionalProperties, `${path}{}`) : []),
  ];
}

const definition = parse(customerResourceYaml());
const everything = walk(definition.spec.versions[0].schema.openAPIV3Schema, '');

describe('the definition of the custom resource', () => {
  test('in deploy/ is what customer files may say today (npm run schemas)', () => {
    expect(readFileSync(published, 'utf8')).toBe(customerResourceYaml());
    expect(parse(customerResourceYaml())).toEqual(JSON.parse(JSON.stringify(customerResourceDefinition())));
  });

  test('is structural: every member has one type, and nothing is by reference, alternative or default', () => {
    for (const [path, schema] of everything) {
      expect(typeof schema.type, path).toBe('string');
      for (const keyword of ['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'default', 'const', 'patternErrorMessage'])
        expect(Object.keys(schema), path).not.toContain(keyword);
      if (schema.additionalProperties) expect(Object.keys(schema), path).not.toContain('properties');
    }
  });

  test('explains every member of spec and status', () => {
    const silent = everything.filter(
      ([path, { description }]) =>
        /^\.(spec|status)/.test(path) && !path.endsWith(']') && !path.endsWith('}') && description === undefined,
    );
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  test('takes null exactly where a file may write it', () => {
    const nullable = everything.filter(([path, schema]) => path.startsWith('.spec') && schema['nullable'] === true);
    expect(nullable.map(([path]) => path)).toEqual(['.spec.billingEmail', '.spec.cap', '.spec.refill']);
  });

  test('has no member that a file has not, and none fewer', () => {
    const members = everything.flatMap(([path]) => /^\.spec\.(\w+)$/.exec(path)?.[1] ?? []);
    expect(members).toEqual([
      'externalId',
      'name',
      'billingEmail',
      'metadata',
      'credits',
      'cap',
      'refill',
      'keys',
      'state',
      'incarnation',
      'adopt',
    ]);
  });
});

describe('a pattern in the syntax of RE2', () => {
  test('names characters by RE2’s escape and takes all white space of Unicode for white space', () => {
    expect(translatePattern('^[^\\s\\u0000-\\u001f]$')).toBe('^[^\\s\\x{000b}\\x{feff}\\p{Z}\\x{0000}-\\x{001f}]$');
  });

  test('that looks ahead is left to a rule', () => {
    expect(translatePattern('^(?!org:)')).toBeNull();
  });

  test('is there for every text of the definition that a file limits by one', () => {
    const patterns = everything.filter(([, schema]) => schema['pattern'] !== undefined).map(([path]) => path);
    expect(patterns).toEqual([
      '.spec.externalId',
      '.spec.name',
      '.spec.billingEmail',
      '.spec.keys[].name',
      '.spec.keys[].scopes[]',
      '.spec.keys[].createdAfter',
      '.spec.adopt.organizationId',
      '.status.conditions[].type',
      '.status.conditions[].reason',
    ]);
  });
});
