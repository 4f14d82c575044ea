import { nearest } from '../core/declaration/suggest.ts';
import { quoted } from '../core/declaration/yaml/printable.ts';

/**
 * Why a pass over the named customers cannot begin: a word that is no customer may be a mistyped command, and must not
 * pass for a customer who has nothing to do. null when all of them exist.
 */
export function explainUnknownCustomers(
  named: readonly string[],
  existing: readonly string[],
  commands: readonly string[],
): string | null {
  const known = new Set(existing);
  const unknown = [...new Set(named)].filter((name) => !known.has(name));
  if (unknown.length === 0) return null;
  return unknown.map((name) => explain(name, existing, commands)).join('\n');
}

function explain(name: string, existing: readonly string[], commands: readonly string[]): string {
  const command = nearest(name, commands);
  const customer = nearest(name, existing);
  const what = `${quoted(name)} is neither a command nor the externalId of a customer in customers/.`;
  if (command !== null) return `${what} Did you mean the command \`reconcile ${command}\`?`;
  if (customer !== null) return `${what} Did you mean the customer ${quoted(customer)}?`;
  return `${what} \`reconcile status\` lists the customers, \`reconcile --help\` the commands.`;
}
