import { sha256 } from './chance.ts';

/** Leaves room for a suffix below the 255 bytes that file systems allow. */
const longest = 160;

/**
 * A file name for a text that people chose (an externalId, the name of a key): everything but `A-Z a-z 0-9 _ - .` is
 * percent-encoded as UTF-8, and so is a dot at the beginning, so that no name is hidden, `.` or `..`. Too long a name is
 * cut and told from others by a digest. Different texts give different names; on a disk that ignores case, two names that
 * differ only in case share a file, which the rules for identities and key names exclude.
 */
export function fileNameOf(text: string): string {
  const name = Array.from(new TextEncoder().encode(text), encodeByte).join('').replace(/^\./, '%2E');
  if (name.length <= longest) return name;
  // `~` occurs in no other name.
  return `${name.slice(0, longest - 33)}~${sha256(text).slice('sha256:'.length, 'sha256:'.length + 32)}`;
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_.-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
