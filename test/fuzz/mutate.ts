import type { Seeded } from '../soak/seeded.ts';
import type { CorpusCase, CorpusTopic } from '../support/corpus.ts';
import { hostileFiles } from '../support/hostile-files.ts';

/** One input of the fuzzer: bytes, and as which of the two files they are read. */
export interface FuzzInput {
  readonly kind: CorpusTopic['kind'];
  readonly bytes: Uint8Array;
}

/** Pieces that mean something to YAML, to our schema, or to a terminal. */
const pieces = [
  '\n',
  '\r',
  '\r\n',
  '\t',
  ' ',
  '  ',
  '\n  ',
  '\n- ',
  '- ',
  ': ',
  ':',
  '? ',
  ', ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '|',
  '>',

  '&a ',
  '*a',
  '!t ',
  '!!int ',
  '%YAML 1.1\n',
  '---\n',
  '...\n',
  '<<: ',
  '#',
  ' #',
  '@',
  '`',
  '~',
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '0',
  '-1',
  '1e3',
  '0x1',
  '9007199254740993',
  '5.000',
  '1,000',
  '9999999999999',
  '.inf',
  '.nan',
  '00',

  '\u0000',
  '\u001b[31m',
  '\ufeff',
  '\ufffd',
  '\u2028',
  '\u202e',
  'e\u0301',
  '\u00e9',
  '\ud83d',
  '👩‍🔧',
  '\\u0000',
  '\\x',
  '\\',

  '__proto__: ',
  'constructor: ',
  'externalId: ',
  'credits: ',
  'keys:\n  - ',
  'status:\n  ',
  'metadata: ',
  'refill: ',
  'org:admin',
  'lp_live_ABCDEFGHJKMNPQRS_0123456789',
  'https://u:p@[::1]/',
  '<<<<<<< a\n',
  '2026-02-30T00:00:00Z',
] as const;

const topLength = 80_000;

/** The corpus as texts; what is binary or huge is cut, so that most runs get beyond the first look. */
export function seedsOf(topics: readonly CorpusTopic[]): readonly [FuzzInput, ...FuzzInput[]] {
  const written = topics.flatMap(({ kind, cases }) =>
    cases.map(({ bytes }: CorpusCase): FuzzInput => ({ kind, bytes })),
  );
  const made = hostileFiles.flatMap(({ bytes = '' }): FuzzInput[] => {
    const all = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    return all.length === 0 ? [] : [{ kind: 'customer', bytes: all.slice(0, topLength) }];
  });
  return [{ kind: 'customer', bytes: new Uint8Array(0) }, ...written, ...made];
}

export function mutate(seeded: Seeded, seeds: readonly [FuzzInput, ...FuzzInput[]]): FuzzInput {
  const { kind, bytes } = seeded.pick(seeds);
  let text = new TextDecoder().decode(bytes);
  for (let left = seeded.between(1, 8); left > 0; left--) text = change(seeded, text, seeds).slice(0, topLength);
  const changed = new TextEncoder().encode(text);
  // Now and then not even UTF-8.
  if (changed.length > 0 && seeded.isHit(0.05)) changed[seeded.between(0, changed.length - 1)] = seeded.between(0, 255);
  return { kind: seeded.isHit(0.02) ? (kind === 'customer' ? 'workspace' : 'customer') : kind, bytes: changed };
}

function change(seeded: Seeded, text: string, seeds: readonly [FuzzInput, ...FuzzInput[]]): string {
  const at = seeded.between(0, text.length);
  const end = Math.min(text.length, at + seeded.between(0, 20));
  const part = text.slice(at, end);
  switch (seeded.between(0, 7)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + part.repeat(seeded.pick([2, 3, 50, 1_000])) + text.slice(end);
    case 2:
      return moveLine(seeded, text);
    case 3: {
      const other = new TextDecoder().decode(seeded.pick(seeds).bytes);
      return text.slice(0, at) + other.slice(seeded.between(0, other.length));
    }
    case 4:
      return text.slice(0, at) + String.fromCodePoint(seeded.between(0, 0xffff)) + text.slice(end);
    case 5:
      return text.slice(0, at) + seeded.pick(pieces) + text.slice(end);
    default:
      return text.slice(0, at) + seeded.pick(pieces) + text.slice(at);
  }
}

function moveLine(seeded: Seeded, text: string): string {
  const lines = text.split('\n');
  const [line = ''] = lines.splice(seeded.between(0, lines.length - 1), 1);
  lines.splice(seeded.between(0, lines.length), 0, ' '.repeat(seeded.between(0, 3)) + line);
  return lines.join('\n');
}
