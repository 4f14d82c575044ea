import { nearest } from './declaration/suggest.ts';
import { quoted } from './declaration/yaml/printable.ts';

/** That no file declares this customer, and what its name may have been meant to be: every command says it alike. */
export interface UnknownCustomer {
  readonly message: string;
  readonly next: string;
}

export function unknownCustomer(name: string, existing: Iterable<string>): UnknownCustomer {
  const meant = nearest(name, [...existing]);
  return {
    message: `No file declares ${quoted(name)}.`,
    next:
      meant === null
        ? 'Name the customer by its externalId; `reconcile status` lists them.'
        : `Did you mean ${quoted(meant)}? \`reconcile status\` lists the customers.`,
  };
}
