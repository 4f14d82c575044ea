export type JsonResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

const depthMax = 32;

/**
 * Reads the JSON of an answer. Nesting beyond 32 levels is refused before anything recursive sees it, and so is an
 * object that says the same thing twice: two readers would take different values from it (correctness 4.2).
 * A `__proto__` member stays what JSON.parse makes of it, an own property; the schemas drop it.
 */
export function readJson(text: string): JsonResult {
  const flaw = structuralFlaw(text);
  if (flaw !== null) return { ok: false, message: flaw };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    // The exception's message quotes the text, and the text may hold a secret.
    return { ok: false, message: 'it is not valid JSON' };
  }
}

/** One pass over the text without recursion; on text that is not JSON its verdict does not matter, JSON.parse decides. */
function structuralFlaw(text: string): string | null {
  const keysOfOpen: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') {
      keysOfOpen.push(character === '{' ? new Set() : null);
      if (keysOfOpen.length > depthMax) return `it is nested deeper than ${depthMax} levels`;
    } else if (character === '}' || character === ']') {
      keysOfOpen.pop();
    } else if (character === '"') {
      const end = endOfString(text, at);
      const keys = keysOfOpen.at(-1);
      if (keys && isFollowedByColon(text, end + 1)) {
        const key = decoded(text.slice(at, end + 1));
        if (keys.has(key)) return 'one of its objects names the same member twice';
        keys.add(key);
      }
      at = end;
    }
  }
  return null;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}

/** `"a"` and `"\u0061"` are one key. */
function decoded(literal: string): string {
  if (!literal.includes('\\')) return literal;
  try {
    return JSON.stringify(JSON.parse(literal));
  } catch {
    return literal;
  }
}
