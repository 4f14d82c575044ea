import { describe, expect, it } from 'vitest';
import { commandNames } from '../../src/cli/commands.ts';
import { explainUnknownCustomers } from '../../src/cli/unknown-customers.ts';

const customers = ['acme-coffee', 'birch-books', 'valdate'];

describe('a word that is no customer', () => {
  it.each([
    ['names that exist are fine', ['acme-coffee', 'valdate'], null],
    ['none named means all', [], null],
    ['a mistyped command is told', ['validat'], 'Did you mean the command `reconcile validate`?'],
    ['a mistyped customer is told', ['acme-cofee'], 'Did you mean the customer "acme-coffee"?'],
    ['case matters for an identity', ['Acme-Coffee'], 'Did you mean the customer "acme-coffee"?'],
    ['anything else says where to look', ['zzzzzzzz'], '`reconcile status` lists the customers'],
  ])('%s', (_reason, named, expected) => {
    const message = explainUnknownCustomers(named, customers, commandNames);
    if (expected === null) expect(message).toBeNull();
    else expect(message).toContain(expected);
  });

  it('is told once per word', () => {
    expect(explainUnknownCustomers(['x1', 'x1', 'x2'], customers, commandNames)?.split('\n')).toHaveLength(2);
  });
});
