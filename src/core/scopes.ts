/**
 * The scopes that a parent key cannot hand on. `*` covers every data scope, `ads:*` a family (api/concepts/scopes). An
 * empty list says nothing: whoami often shows none for a key that works.
 */
export function scopesNotHeld(wanted: readonly string[], held: readonly string[]): string[] {
  if (held.length === 0) return [];
  return wanted.filter((scope) => !held.some((own) => covers(own, scope)));
}

function covers(own: string, scope: string): boolean {
  if (own === '*' || own === scope) return true;
  return own.endsWith(':*') && scope.startsWith(own.slice(0, -1));
}

/** The first of the scopes that a text names as a word of its own; null when it names none. */
export function scopeNamedIn(text: string, scopes: readonly string[]): string | null {
  const words = new Set(text.split(/[^\w:*-]+/).map((word) => word.replace(/:$/, '')));
  return scopes.find((scope) => words.has(scope)) ?? null;
}
