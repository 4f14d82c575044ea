import type { Declared } from '../oracle.ts';

/** One customer as a person has it in mind while editing its file. */
export interface CustomerFile {
  readonly externalId: string;
  readonly name: string;
  readonly credits: number;
  readonly cap: number | null | undefined;
  readonly refill: boolean | undefined;
  readonly keys: readonly KeyEntry[];
  readonly state: 'active' | 'suspended' | 'archived';
  readonly incarnation: number;
}

export interface KeyEntry {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly state: 'active' | 'revoked';
  /** ISO time; the live key must be younger. */
  readonly createdAfter: string | null;
}

/** The place of one customer's file below `customers/`. */
export interface Slot {
  file: CustomerFile | null;
  /** What the file said when it was deleted. */
  deleted: CustomerFile | null;
  path: string;
  isDuplicated: boolean;
}

export const SCOPES = [['content:read', 'content:write'], ['content:read'], ['social:read']] as const;

/** What a new file declares. */
export const FIRST_CREDITS = 1000;

export function newFile(externalId: string): CustomerFile {
  return {
    externalId,
    name: `Customer ${externalId}`,
    credits: FIRST_CREDITS,
    cap: undefined,
    refill: undefined,
    keys: [],
    state: 'active',
    incarnation: 1,
  };
}

export function yamlOf(file: CustomerFile): string {
  const { externalId, name, credits, cap, refill, keys, state, incarnation } = file;
  const refillText = refill ? '{ threshold: 100, amount: 300 }' : 'null';
  const lines = [
    `externalId: ${externalId}`,
    `name: ${name}`,
    `credits: ${credits}`,
    ...(cap === undefined ? [] : [`cap: ${cap}`]),
    ...(refill === undefined ? [] : [`refill: ${refillText}`]),
    ...(state === 'active' ? [] : [`state: ${state}`]),
    ...(incarnation === 1 ? [] : [`incarnation: ${incarnation}`]),
    ...(keys.length === 0 ? [] : ['keys:', ...keys.map(keyLine)]),
  ];
  return `${lines.join('\n')}\n`;
}

function keyLine({ name, scopes, state, createdAfter }: KeyEntry): string {
  const after = createdAfter === null ? '' : `, createdAfter: '${createdAfter}'`;
  const revoked = state === 'revoked' ? ', state: revoked' : '';
  return `  - { name: ${name}, scopes: [${scopes.join(', ')}]${after}${revoked} }`;
}

export function declaredOf({ externalId, incarnation, credits, keys, state }: CustomerFile): Declared {
  return {
    externalId,
    incarnation,
    credits,
    state,
    keys: keys.map((key) => ({
      name: key.name,
      version: `${key.scopes.join(' ')} ${key.createdAfter ?? ''}`,
      state: key.state,
    })),
  };
}
