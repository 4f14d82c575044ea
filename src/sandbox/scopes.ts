/** `family:action[:part]`, with `*` for a family's every action, or `*` alone for every data scope. */
const SCOPE = /^(\*|[a-z_]+:(\*|[a-z_]+)(:(\*|[a-z_]+))?)$/;

/** The list of scopes is not published in full, so that every well-formed one is taken for real. */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/** Whether the held scopes include this one. `*` is every data scope, which org:admin is not. */
export function coversScope(held: readonly string[], scope: string): boolean {
  if (held.includes(scope)) return true;
  if (scope === 'org:admin') return false;
  if (held.includes('*')) return true;
  return held.some((one) => one.endsWith(':*') && scope.startsWith(one.slice(0, -1)));
}
