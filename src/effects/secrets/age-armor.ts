/** The armor of age and the header below it (age-encryption.org/v1), as far as they can be judged without any key. */
export interface AgeFile {
  /** How many keys the file opens with. */
  readonly stanzas: number;
  /** Bytes after the header: a nonce of 16, the text, and its tag of 16. */
  readonly payloadLength: number;
}

const begin = '-----BEGIN AGE ENCRYPTED FILE-----';
const end = '-----END AGE ENCRYPTED FILE-----';
const header =
  /^age-encryption\.org\/v1\n((?:-> [^\n]+\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n)+)--- [A-Za-z0-9+/]{43}\n/;

/** Null for anything that age could not have written: cut off, merged by git, or something else altogether. */
export function readAgeFile(text: string): AgeFile | null {
  const [first, ...rest] = text.trim().split(/\r?\n/);
  const last = rest.pop();
  if (first !== begin || last !== end || rest.length === 0) return null;
  const isWhole = rest.every((line, index) =>
    index < rest.length - 1 ? /^[A-Za-z0-9+/]{64}$/.test(line) : /^[A-Za-z0-9+/]{1,64}={0,2}$/.test(line),
  );
  if (!isWhole) return null;
  const bytes = Buffer.from(rest.join(''), 'base64');
  const found = header.exec(bytes.toString('latin1'));
  const stanzas = found?.[1];
  if (!found || stanzas === undefined) return null;
  const payloadLength = bytes.length - found[0].length;
  return payloadLength > OVERHEAD ? { stanzas: stanzas.match(/^-> /gm)?.length ?? 0, payloadLength } : null;
}

/** What a payload has beside its text, which is never long enough for a second chunk. */
export const OVERHEAD = 32;
