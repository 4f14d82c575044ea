/** Finds secrets in text, however they were encoded on the way there (I4). */
export interface LeakScanner {
  /** Adds a value that may appear nowhere. Cheap to repeat. */
  add(secret: string): void;
  /** True when any form of any added value stands in the text. */
  leaksIn(text: string): boolean;
}

export function createLeakScanner(): LeakScanner {
  const known = new Set<string>();
  let needles: string[] = [];
  return {
    add(secret) {
      if (known.has(secret)) return;
      known.add(secret);
      needles = [...new Set([...needles, ...formsOf(secret)])];
    },
    leaksIn: (text) => needles.some((needle) => text.includes(needle)),
  };
}

const memory = new Map<string, readonly string[]>();

/**
 * Plain (which is also how its URL and JSON forms look, since the alphabet is base64url), hex in both cases, reversed,
 * and base64 in both alphabets at each of the three alignments it may have inside a longer text. The random part alone
 * is looked for, so that a text without its public prefix counts too.
 */
function formsOf(secret: string): readonly string[] {
  const known = memory.get(secret);
  if (known) return known;
  const random = secret.replace(/^(lp_(live|test)_[0-9A-Z]{16}_|whsec_)/, '');
  const bytes = Buffer.from(random);
  const aligned = [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
    // The first and the last group also hold bits of the neighbours.
    const inner = (text: string) => text.slice(shift === 0 ? 0 : 4, -4);
    return [inner(padded.toString('base64')), inner(padded.toString('base64url'))];
  });
  const hex = bytes.toString('hex');
  const forms = [
    random,
    encodeURIComponent(random),
    hex,
    hex.toUpperCase(),
    random.split('').reverse().join(''),
    ...aligned,
  ];
  memory.set(secret, forms);
  return forms;
}
