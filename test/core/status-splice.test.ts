import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Json } from '../../src/core/canonical.ts';
import { readStatus, spliceStatus } from '../../src/core/status-splice.ts';

type Members = { readonly [key: string]: Json };

function splice(text: string, status: Members, kept?: readonly string[]): string {
  const result = spliceStatus('customers/acme.yaml', text, status, kept);
  return result.ok ? result.text : `refused: ${result.message}`;
}

const phase = { phase: 'Ready' };

describe('a status block', () => {
  test('is printed in the style of the documentation', () => {
    const status = {
      externalId: 'acme-coffee',
      declaration: `sha256:${'0'.repeat(64)}`,
      phase: 'Held',
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'ParentShort',
          message: 'The parent wallet is short.',
          lastTransitionTime: '2026-11-01T00:00:00Z',
        },
      ],
      credits: { declared: 5000, granted: 0, slots: 0 },
      keys: [
        { name: 'acme-integration', id: 'key_1', prefix: 'lp_live_ABCDEFGHJKMNPQRS', secret: 'file:.reconcile/x' },
      ],
      webhooks: [],
    };
    expect(splice('externalId: acme-coffee\n', status)).toBe(`externalId: acme-coffee
status:
  externalId: acme-coffee
  declaration: sha256:${'0'.repeat(64)}
  phase: Held
  conditions:
    - type: Ready
      status: "False"
      reason: ParentShort
      message: The parent wallet is short.
      lastTransitionTime: "2026-11-01T00:00:00Z"
  credits: { declared: 5000, granted: 0, slots: 0 }
  keys:
    - { name: acme-integration, id: key_1, prefix: lp_live_ABCDEFGHJKMNPQRS, secret: file:.reconcile/x }
  webhooks: []
`);
  });

  test('stays within 120 columns by folding long texts', () => {
    const message = `${'Several words that go on and on, '.repeat(12)}and "quotes" too.`;
    const text = splice('name: x\n', { conditions: [{ type: 'Ready', message }] });
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(parse(text)).toEqual({ name: 'x', status: { conditions: [{ type: 'Ready', message }] } });
  });

  test.each([
    'True',
    'no',
    'null',
    '12',
    '1e3',
    '2026-11-01',
    'a: b',
    'a #b',
    '- a',
    '',
    ' a',
    '~',
    '0x1F',
    '*',
    '\u2028',
  ])('holds %j as the text it is, in YAML 1.1 too', (text) => {
    const spliced = splice('name: x\n', { text, list: [text] });
    expect(parse(spliced, { version: '1.1' }).status).toEqual({ text, list: [text] });
  });
});

describe('everything but the status block stays byte for byte', () => {
  const block = 'status:\n  phase: Ready';
  const cases: [reason: string, before: string, after: string][] = [
    ['the block is appended', 'name: x\n', `name: x\n${block}\n`],
    ['a missing newline at the end stays missing', 'name: x', `name: x\n${block}`],
    ['a comment at the end stays before it', 'name: x\n# end\n', `name: x\n# end\n${block}\n`],
    ['blank lines stay', 'name: x\n\n\n', `name: x\n\n\n${block}\n`],
    ['CRLF', 'name: x\r\n', 'name: x\r\nstatus:\r\n  phase: Ready\r\n'],
    ['CRLF without one at the end', 'name: x\r\ncap: 1', 'name: x\r\ncap: 1\r\nstatus:\r\n  phase: Ready'],
    ['a byte order mark', '\ufeffname: x\n', `\ufeffname: x\n${block}\n`],
    ['quotes, spacing and order', `name:   'x'\ncap : 1 # one\n`, `name:   'x'\ncap : 1 # one\n${block}\n`],
    ['comments only', '# nothing yet\n', `# nothing yet\n${block}\n`],
    ['a document start', '---\nname: x\n', `---\nname: x\n${block}\n`],
    ['a document end', 'name: x\n...\n', `name: x\n${block}\n...\n`],
    ['an indented file', '  name: x\n', '  name: x\n  status:\n    phase: Ready\n'],
    ['a kept block scalar', 'name: |+\n  x\n\n', `name: |+\n  x\n\n${block}\n`],
    ['the block is replaced where it stands', 'status:\n  phase: Held\nname: x\n', `${block}\nname: x\n`],
    ['a comment behind the block', 'status: {}\n# mine\nname: x\n', `${block}\n# mine\nname: x\n`],
    ['an indented comment behind it', 'status:\n  a: 1\n  # mine\n\nname: x\n', `${block}\n  # mine\n\nname: x\n`],
    ['a comment beside the key', 'status: # ours\n  a: 1\n', 'status: # ours\n  phase: Ready\n'],
    ['a comment below the key', 'status:\n  # ours\n  a: 1\n', 'status:\n  # ours\n  phase: Ready\n'],
    ['a comment behind braces', 'status: {} # ours\n', 'status: # ours\n  phase: Ready\n'],
    ['a quoted key', '"status": null\nname: x\n', '"status":\n  phase: Ready\nname: x\n'],
    ['an empty block', 'status:\nname: x\n', `${block}\nname: x\n`],
    ['a list without indentation in it', 'status:\n- x\n# mine\nname: x\n', `${block}\n# mine\nname: x\n`],
    ['a block scalar in it', 'status:\n  a: |\n    x\n\n# mine\nname: x', `${block}\n\n# mine\nname: x`],
    ['the block is last, without a newline', 'name: x\nstatus:\n  a: 1', `name: x\n${block}`],
    ['text that only looks like a block', 'name: |\n  status:\n', `name: |\n  status:\n${block}\n`],
    ['an inner status', 'metadata:\n  status: x\n', `metadata:\n  status: x\n${block}\n`],
  ];
  test.each(cases)('%s', (_reason, before, after) => {
    expect(splice(before, phase)).toBe(after);
    expect(splice(after, phase)).toBe(after);
  });

  test('a status that says the same in another form is left as it is', () => {
    const text = 'name: x\nstatus: {"phase":   \'Ready\'} # by hand\n';
    expect(splice(text, phase)).toBe(text);
  });
});

describe('settings inside the block', () => {
  const kept = ['store', 'directory'];

  test('are kept as they are written, comments and all', () => {
    const text =
      'status:\n    store: inline   # in this file\n    # a directory\n    directory: "s"\n    phase: Held\nwebhooks: []\n';
    expect(splice(text, phase, kept)).toBe(
      'status:\n    store: inline   # in this file\n    # a directory\n    directory: "s"\n    phase: Ready\nwebhooks: []\n',
    );
  });

  test('are kept when the block was written in braces', () => {
    expect(splice('status: { store: inline }\n', phase, kept)).toBe('status:\n  store: inline\n  phase: Ready\n');
  });

  test('are the customer’s own status where they are not settings', () => {
    expect(splice('status:\n  store: inline\n', phase)).toBe('status:\n  phase: Ready\n');
  });
});

describe('a file is left alone when', () => {
  test.each([
    ['it is written in braces', '{ name: x }\n', 'in braces'],
    ['it holds two documents', 'name: x\n---\nname: y\n', 'document'],
    ['it is not a map', '- x\n', 'not a map'],
    ['it cannot be read', 'name: [x\n', 'customers/acme.yaml:'],
    ['the status is written twice', 'status: {}\nstatus: {}\n', 'twice'],
    ['something refers into the status', 'status: &a {}\nname: *a\n', 'anchors'],
    ['the key is explicit', '? status\n: {}\n', '? status'],
    ['a newline would change its last text', 'name: |+\n  x\n  ', 'would not have stayed'],
  ])('%s', (_reason, text, message) => {
    expect(splice(text, phase)).toMatch(/^refused: /);
    expect(splice(text, phase)).toContain(message);
  });

  test('the status would make it too large to be read', () => {
    expect(splice('name: x\n', { message: 'x'.repeat(70_000) })).toContain('could not be read any more');
  });
});

describe('reading a status', () => {
  test('tells nothing recorded from unreadable', () => {
    expect(readStatus('a.yaml', 'name: x\n')).toEqual({ ok: true, status: null });
    expect(readStatus('a.yaml', 'name: [\n')).toMatchObject({ ok: false });
    expect(readStatus('a.yaml', 'status:\n  a: 1.5\n')).toEqual({ ok: true, status: { a: 1.5 } });
  });
});

// --- properties ---

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('a', ' ', ':', '#', '"', "'", '\\', '\n', '-', ',', '{', '0'), maxLength: 200 }),
  fc.constantFrom('true', 'No', '1e3', '0o17', '2026-11-01T00:00:00Z', '<<', '---', '...', '%', '@', '!x', '&a', '*a'),
);
const name = fc
  .oneof(fc.stringMatching(/^[a-z][A-Za-z]{0,8}$/), fc.stringMatching(/^[ -~]{1,12}$/))
  .filter((key) => !['__proto__', 'constructor', 'prototype', '<<'].includes(key));
const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const { members } = fc.letrec<{ value: Json; members: Members }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    tie('members'),
  ),
  members: fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }),
}));

const line = fc.constantFrom(
  'name: x',
  "name2:   'it''s'  # why",
  'metadata: { plan: growth, "a b": "c" }',
  'keys:\n  - name: k\n    scopes: [a:b, c:d]\n    # inside\n  - name: l\n    scopes:\n    - e',
  'list:\n- 1\n# between\n- 2',
  'literal: |\n  status:\n    x: 1\n\n  # no comment',
  'folded: >-\n  one\n  two\n\n',
  'quoted: "a\n  status: b"',
  '# a comment',
  '',
  '   # an indented comment',
);
const oldStatus = fc.constantFrom(
  'status: {}',
  'status:',
  'status: null # c',
  'status:\n  phase: Held\n  conditions:\n    - { type: Ready, status: "True" }',
  'status:\n- a\n- b: 1\n  c: 2',
  'status: # note\n    # more\n    deep:\n        deeper: |2\n            text\n    last: "x\n      y"',
  "'status': [a,\n  b]",
);
const lines = fc.uniqueArray(line, { maxLength: 6, selector: (value) => value.split(':')[0] });
const document = fc.record({
  mark: fc.constantFrom('', '\ufeff'),
  before: lines,
  old: fc.option(oldStatus),
  after: lines,
  lineEnd: fc.constantFrom('\n', '\r\n'),
  lastLineEnd: fc.boolean(),
});

describe('for any document and any status', () => {
  test('the status is as asked for and every other byte stays, or the file is left alone', () => {
    let refused = 0;
    const runs = 1_000;
    fc.assert(
      fc.property(document, members, ({ mark, before, old, after, lineEnd, lastLineEnd }, status) => {
        const prefix = before.map((part) => `${part}\n`).join('');
        const rest = after
          .filter((part) => part.startsWith('#') || !before.includes(part))
          .map((part) => `\n${part}`)
          .join('');
        const joined = mark + (old === null ? prefix + rest.slice(1) : prefix + old + rest) + (lastLineEnd ? '\n' : '');
        const original = joined.replaceAll('\n', lineEnd);
        const result = spliceStatus('a.yaml', original, status);
        if (!result.ok) {
          refused++;
          return;
        }
        const plain = (value: string) => value.replaceAll('\n', lineEnd);
        const fixed = old === null ? [original, ''] : [plain(mark + prefix), plain(rest + (lastLineEnd ? '\n' : ''))];
        expect(result.text.startsWith(fixed[0] ?? '')).toBe(true);
        expect(result.text.endsWith(fixed[1] ?? '')).toBe(true);
        expect(result.text.endsWith('\n')).toBe(original === mark || original.endsWith('\n'));
        // A second reader, not ours, must see the same.
        const { status: seen, ...others } = parse(result.text);
        const { status: _old, ...othersBefore } = parse(original) ?? {};
        expect(seen).toEqual(JSON.parse(JSON.stringify(status)));
        expect(others).toEqual(othersBefore);
        expect(spliceStatus('a.yaml', result.text, status)).toEqual({ ok: true, text: result.text });
      }),
      { numRuns: runs },
    );
    expect(refused).toBeLessThan(runs / 2);
  });
});
