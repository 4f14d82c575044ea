const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `prefix_<uuid>` for that or for a bare UUID; null for anything else (organizations/get-organization). */
export function prefixedId(prefix: 'org' | 'key', text: string): string | null {
  const bare = text.startsWith(`${prefix}_`) ? text.slice(prefix.length + 1) : text;
  return UUID.test(bare) ? `${prefix}_${bare.toLowerCase()}` : null;
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
