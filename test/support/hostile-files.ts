/** Files that are binary, huge or special, made where they are needed; the folder of recordings holds what is said. */
export interface HostileFile {
  /** Path below customers/. */
  readonly name: string;
  /** What becomes of it when nothing is said about it. */
  readonly verdict: 'refused' | 'accepted' | 'ignored';
  readonly bytes?: string | Uint8Array;
  /** Target of a symbolic link. */
  readonly link?: string;
  readonly pipe?: boolean;
  /** The file is made so long; the rest is a hole. */
  readonly size?: number;
}

const head = 'externalId: acme\nname: Acme\n';

/** No two files may claim one identity: what is said about that would hide what is said about them. */
const refused = (name: string, bytes: string | Uint8Array): HostileFile => {
  const own = (text: string) => text.replace(/^externalId: acme/, `externalId: ${name.replace('.yaml', '')}`);
  return { name, verdict: 'refused', bytes: typeof bytes === 'string' ? own(bytes) : bytes };
};
const link = (name: string, target: string): HostileFile => ({ name, verdict: 'refused', link: target });
const good = (name: string, externalId: string): HostileFile => ({
  name,
  verdict: 'accepted',
  bytes: `externalId: ${externalId}\nname: Acme\n`,
});
const ignored = (name: string): HostileFile => ({ name, verdict: 'ignored', bytes: '[' });

/** Two bytes a level cannot fit 32,000 levels of maps into 64 KiB; those are there to be refused for their length. */
const shapes = [
  { shape: 'flow-lists', nest: (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}` },
  { shape: 'open-flow-lists', nest: (depth: number) => '['.repeat(depth) },
  { shape: 'flow-maps', nest: (depth: number) => `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}` },
  { shape: 'open-flow-maps', nest: (depth: number) => '{a: '.repeat(depth) },
  { shape: 'lists', nest: (depth: number) => '- '.repeat(depth) },
  { shape: 'question-marks', nest: (depth: number) => '? '.repeat(depth) },
  { shape: 'colons', nest: (depth: number) => ': '.repeat(depth) },
] as const;

const deep: readonly HostileFile[] = [
  ...[10, 1_000, 32_000].flatMap((depth) =>
    shapes.map(({ shape, nest }) => refused(`depth-${depth}-${shape}.yaml`, `${nest(depth)}\n`)),
  ),
  ...[10, 250].map((depth) =>
    refused(
      `depth-${depth}-indentation.yaml`,
      Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:\n`).join(''),
    ),
  ),
  // Read after all the deep ones: the library's stack may have been spent by them (correctness finding 9).
  refused('depth-then-20-kb.yaml', `${head}status: ${'[1, '.repeat(5_000)}\n`),
  refused('depth-then-2-kb.yaml', '['.repeat(2_000)),
];

const keys = (count: number, indent: string) => Array.from({ length: count }, (_, n) => `${indent}k${n}: 1\n`).join('');

const many: readonly HostileFile[] = [
  refused('many-aliases.yaml', `a: &a x\nb: [${'*a, '.repeat(1_900)}]\n`),
  refused('many-anchors.yaml', '&a '.repeat(20_000)),
  refused('many-colons.yaml', ': '.repeat(32_000)),
  refused('many-comments.yaml', '# \n'.repeat(20_000)),
  refused('many-documents.yaml', '---\n'.repeat(15_000)),
  refused('many-directives.yaml', '%A b\n'.repeat(12_000)),
  refused('many-empty-items.yaml', '-\n'.repeat(30_000)),
  refused('many-hash-signs.yaml', '# '.repeat(30_000)),
  refused('many-keys-201.yaml', `${head}status:\n${keys(201, '  ')}`),
  refused('many-keys-5000.yaml', keys(5_000, '')),
  refused('many-keys-40000.yaml', keys(40_000, '')),
  refused('many-keys-in-one-line.yaml', `{${'a,'.repeat(30_000)}}`),
  refused('many-lines-of-one-text.yaml', `externalId: ${'a\n '.repeat(20_000)}`),
  refused('many-quotes.yaml', '"a" '.repeat(16_000)),
  refused('many-tags.yaml', '!a '.repeat(20_000)),
  refused('many-values.yaml', `${head}status: [${'1, '.repeat(2_000)}]\n`),
  refused(
    'laughs-billion.yaml',
    `${['a: &a [x, x]', ...'bcdefghi'.split('').map((name, n) => `${name}: &${name} [${`*${'abcdefgh'[n]}, `.repeat(9)}]`)].join('\n')}\n`,
  ),
  refused('laughs-quadratic.yaml', `a: &a ${'x'.repeat(30_000)}\nb: [${'*a, '.repeat(1_000)}]\n`),
  refused(
    'laughs-by-merge-keys.yaml',
    `a: &a { x: 1 }\n${'bcdefghij'
      .split('')
      .map((n) => `${n}: { <<: *a }`)
      .join('\n')}\n`,
  ),
];

const sized: readonly HostileFile[] = [
  {
    name: 'size-64-kib.yaml',
    verdict: 'accepted',
    bytes: `externalId: size-64-kib\nname: Acme\n${'#'.repeat(65_536 - 35)}`,
  },
  refused('size-64-kib-and-1.yaml', `${head}${'#'.repeat(65_536)}`),
  refused('size-10-mb.yaml', 'a'.repeat(10_000_000)),
  refused('size-10-mb-of-brackets.yaml', '['.repeat(10_000_000)),
  { name: 'size-5-gb-with-a-hole.yaml', verdict: 'refused', bytes: head, size: 5_000_000_000 },
];

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf16 = (text: string, order: 'le' | 'be') => {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at), order === 'le');
  return bytes;
};

const characters: readonly HostileFile[] = [
  refused('bytes-nul.yaml', `${head}billingEmail: a\u0000b\n`),
  refused('bytes-nul-at-the-end.yaml', `${head}\u0000`),
  refused('bytes-escape.yaml', `${head}# \u001b[31mred\n`),
  refused('bytes-c1-control.yaml', `${head}# \u009b31m\n`),
  refused('bytes-bell-in-a-name.yaml', 'externalId: acme\nname: "Ac\u0007me"\n'),
  refused('bytes-delete.yaml', 'externalId: acme\nname: Ac\u007fme\n'),
  refused('bytes-next-line.yaml', 'externalId: acme\u0085name: Acme\n'),
  refused('bytes-form-feed.yaml', `${head}\f`),
  refused('bytes-carriage-returns-only.yaml', 'externalId: acme\rname: Acme\r'),
  refused('bytes-carriage-return-in-a-line.yaml', 'externalId: acme\nname: Ac\rme\n'),
  refused('bytes-line-separator-as-line-end.yaml', 'externalId: acme\u2028name: Acme\u2028'),
  refused('bytes-paragraph-separator-in-a-name.yaml', 'externalId: acme\nname: Ac\u2029me\n'),
  refused('bytes-replacement-character.yaml', 'externalId: acme\nname: Caf\ufffd\n'),
  { name: 'bytes-mark-at-the-beginning.yaml', verdict: 'accepted', bytes: '\ufeffexternalId: marked\nname: Acme\n' },
  refused('bytes-mark-and-a-mistake.yaml', `\ufeffexternalId: "-"\nname: Acme\n`),
  refused('bytes-mark-twice.yaml', `\ufeff\ufeff${head}`),
  refused('bytes-mark-in-the-middle.yaml', `${head}\ufeffcredits: 5\n`),
  refused('bytes-latin-1.yaml', latin1('externalId: caf\nname: Caf\u00e9\n')),
  refused('bytes-overlong.yaml', latin1('externalId: overlong\nname: Ac\u00c0\u0080me\n')),
  refused('bytes-half-a-character.yaml', latin1('externalId: half\nname: Acme \u00e2\u0082')),
  refused('bytes-encoded-surrogate.yaml', latin1('externalId: surrogate\nname: Ac\u00ed\u00a0\u0080me\n')),
  refused('bytes-utf-16-le.yaml', utf16(`\ufeff${head}`, 'le')),
  refused('bytes-utf-16-be.yaml', utf16(`\ufeff${head}`, 'be')),
  refused('bytes-utf-16-without-mark.yaml', utf16(head, 'le')),
  refused('bytes-gzip.yaml', latin1('\u001f\u008b\u0008\u0000\u0000\u0000\u0000\u0000')),
  refused('bytes-png.yaml', latin1('\u0089PNG\r\n\u001a\n')),
  { name: 'bytes-none.yaml', verdict: 'refused', bytes: '' },
];

const names: readonly HostileFile[] = [
  good('-rf.yaml', 'named-rf'),
  good('--help.yaml', 'named-help'),
  good('$(touch pwned).yaml', 'named-command'),
  good('name with spaces .yaml', 'named-spaces'),
  good('ünïcode-☕.yml', 'named-unicode'),
  good(`${'n'.repeat(240)}.yaml`, 'named-at-length'),
  good(`${'deep/'.repeat(60)}down.yaml`, 'named-deep'),
  good('folder.yaml/inside.yaml', 'named-inside'),
  refused('line\nbreak.yaml', '['),
  refused('escape\u001b[31m.yaml', '['),
  refused('reversed-\u202elmay.yaml', '['),
  ignored('.yaml'),
  ignored('.hidden.yaml'),
  ignored('..data/hidden.yaml'),
  ignored('UPPER.YAML'),
  ignored('backup.yaml.bak'),
  ignored('backup.yaml~'),
  ignored('README.md'),
];

const special: readonly HostileFile[] = [
  link('link-to-itself.yaml', 'link-to-itself.yaml'),
  link('link-there.yaml', 'link-and-back.yaml'),
  link('link-and-back.yaml', 'link-there.yaml'),
  link('link-to-nothing.yaml', 'nothing'),
  link('link-up', '..'),
  link('link-out.yaml', '../../../../../../../../etc/hostname'),
  link('link-absolute.yaml', '/etc/passwd'),
  link('link-to-zeros.yaml', '/dev/zero'),
  link('link-to-null.yaml', '/dev/null'),
  link('link-to-standard-input.yaml', '/dev/stdin'),
  { name: 'link-without-ending', verdict: 'ignored', link: '-rf.yaml' },
  { name: 'pipe.yaml', verdict: 'refused', pipe: true },
  { name: 'pipe-without-ending', verdict: 'ignored', pipe: true },
];

export const hostileFiles: readonly HostileFile[] = [...deep, ...many, ...sized, ...characters, ...names, ...special];
