import type { Seeded } from './seeded.ts';

/** What one customer file asks for, as the soak writes it. */
export interface Declared {
  readonly externalId: string;
  readonly credits: number;
  readonly cap: number;
  readonly refill: { readonly threshold: number; readonly amount: number } | null;
  readonly keys: readonly { readonly name: string; readonly createdAfter: string | null }[];
}

/** Everything that was ever declared, by whichever writer. */
export interface Declarations {
  declare(customer: Declared): void;
  versions(externalId: string): readonly Declared[];
}

export function createDeclarations(): Declarations {
  const all = new Map<string, Declared[]>();
  return {
    declare: (customer) => all.set(customer.externalId, [...(all.get(customer.externalId) ?? []), customer]),
    versions: (externalId) => all.get(externalId) ?? [],
  };
}

export function newCustomer(ordinal: number, seeded: Seeded): Declared {
  return {
    externalId: `customer-${ordinal}`,
    credits: seeded.between(1, 50) * 100,
    cap: 5000,
    refill: seeded.isHit(0.5) ? { threshold: 10, amount: 20 } : null,
    keys: [{ name: 'main', createdAfter: null }],
  };
}

/** A change that a person might commit. */
export function edited(customer: Declared, seeded: Seeded, nowMs: number): Declared {
  const { credits, cap, keys } = customer;
  const change = seeded.pick(['raise', 'raise', 'lower', 'cap', 'refill', 'add key', 'rotate']);
  if (change === 'raise') return { ...customer, credits: credits + seeded.between(1, 30) * 10 };
  if (change === 'lower') return { ...customer, credits: Math.max(0, credits - seeded.between(1, 30) * 10) };
  if (change === 'cap') return { ...customer, cap: cap + seeded.between(1, 9) };
  if (change === 'refill') return { ...customer, refill: { threshold: 10, amount: seeded.between(20, 40) } };
  if (change === 'add key' && keys.length < 4)
    return { ...customer, keys: [...keys, { name: `extra-${keys.length}`, createdAfter: null }] };
  // A second back, since a declaration may not lie in the future.
  const createdAfter = new Date(nowMs - 1_000).toISOString();
  return { ...customer, keys: keys.map((key, index) => (index === 0 ? { ...key, createdAfter } : key)) };
}

export function yamlOf({ externalId, credits, cap, refill, keys }: Declared): string {
  const limits = refill === null ? '' : `refill: { threshold: ${refill.threshold}, amount: ${refill.amount} }\n`;
  const entries = keys.map(({ name, createdAfter }) => {
    const renewal = createdAfter === null ? '' : `\n    createdAfter: ${createdAfter}`;
    return `  - name: ${name}\n    scopes: [content:read]   # what it may do${renewal}\n`;
  });
  return [
    '# Written by a person; every byte of it stays.\n',
    `externalId: ${externalId}\nname: 'Customer ${externalId}'\n`,
    `credits: ${credits}\ncap: ${cap}\n${limits}keys:\n${entries.join('')}`,
  ].join('');
}
