/**
 * A pattern of ours in the syntax of RE2, by which the API server judges; null for one that looks ahead, which RE2
 * cannot say and a rule in CEL does.
 */
export function translatePattern(source: string): string | null {
  if (source.includes('(?!')) return null;
  return (
    source
      .replace(/\\u([0-9a-f]{4})/gi, (_, digits: string) => `\\x{${digits.toLowerCase()}}`)
      // In RE2 `\s` is white space of ASCII only, and without the vertical tab.
      .replaceAll('\\s', '\\s\\x{000b}\\x{feff}\\p{Z}')
  );
}
