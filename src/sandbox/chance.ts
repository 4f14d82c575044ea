/** Seeded chance: the same seed gives the same ids and secrets, so that runs and documents can be repeated. */
export interface Chance {
  /** The next 32 random bits, as an integer from 0 to 2^32 - 1. */
  word(): number;
  state(): number;
}

/** A Weyl sequence through a mixing function: no word repeats within 2^32 draws, so neither does an id. */
export function createChance(seed: number): Chance {
  let counter = seed >>> 0;
  return {
    word() {
      counter = (counter + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(counter ^ (counter >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return (mixed ^ (mixed >>> 16)) >>> 0;
    },
    state: () => counter,
  };
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** A version 4 UUID in lower case. */
export function uuid(chance: Chance): string {
  const hex = (word: number) => word.toString(16).padStart(8, '0');
  const [a, b, c, d] = [hex(chance.word()), hex(chance.word()), hex(chance.word()), hex(chance.word())];
  const variant = '89ab'.charAt(chance.word() & 3);
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

/** 26 characters: the time in milliseconds, then 80 random bits. */
export function ulid(chance: Chance, nowMs: number): string {
  let time = '';
  for (let rest = nowMs, at = 0; at < 10; at += 1, rest = Math.floor(rest / 32)) {
    time = CROCKFORD.charAt(rest % 32) + time;
  }
  return time + letters(chance, CROCKFORD, 5, 16);
}

/** The text of an API key and its masked prefix (concepts/api-keys). */
export function apiKeyText(chance: Chance, env: 'live' | 'test'): { prefix: string; secret: string } {
  const prefix = `lp_${env}_${letters(chance, CROCKFORD, 5, 16)}`;
  return { prefix, secret: `${prefix}_${letters(chance, BASE64URL, 6, 43)}` };
}

export function webhookSecretText(chance: Chance): string {
  return `whsec_${letters(chance, BASE64URL, 6, 43)}`;
}

function letters(chance: Chance, alphabet: string, bitsEach: number, count: number): string {
  const perWord = Math.floor(32 / bitsEach);
  let text = '';
  let word = 0;
  for (let at = 0; at < count; at += 1) {
    word = at % perWord === 0 ? chance.word() : word >>> bitsEach;
    text += alphabet.charAt(word & (alphabet.length - 1));
  }
  return text;
}
