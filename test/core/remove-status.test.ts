import { describe, expect, it } from 'vitest';
import { removeStatus, spliceStatus } from '../../src/core/status-splice.ts';

const file = 'customers/acme.yaml';

describe('taking the status out of a file', () => {
  it.each<{ reason: string; text: string }>([
    { reason: 'a plain file', text: 'externalId: acme\nname: Acme\n' },
    { reason: 'comments and an unusual order', text: '# top\nname: Acme # who\n\nexternalId: acme\n# the end\n' },
    { reason: 'lines that end in CRLF', text: 'externalId: acme\r\nname: Acme\r\n' },
    { reason: 'a byte order mark', text: '\ufeffexternalId: acme\nname: Acme\n' },
    { reason: 'an end of the document', text: 'externalId: acme\nname: Acme\n...\n' },
  ])('gives back the bytes from before it was put in: $reason', ({ text }) => {
    const spliced = spliceStatus(file, text, { phase: 'Ready', keys: [{ name: 'a' }] });
    if (!spliced.ok) throw new Error(spliced.message);
    expect(spliced.text).not.toBe(text);
    expect(removeStatus(file, spliced.text)).toEqual({ ok: true, text });
  });

  it.each<{ reason: string; text: string; expected: string }>([
    { reason: 'there is none', text: 'name: Acme\n', expected: 'name: Acme\n' },
    {
      reason: 'it stands in the middle',
      text: 'name: Acme\nstatus:\n  phase: Ready\n# of cap\ncap: 5\n',
      expected: 'name: Acme\n# of cap\ncap: 5\n',
    },
    { reason: 'it is no map', text: 'name: Acme\nstatus: hello # why\n', expected: 'name: Acme\n' },
    { reason: 'it is written in braces', text: 'status: { phase: Ready }\nname: Acme\n', expected: 'name: Acme\n' },
  ])('keeps every other byte where $reason', ({ text, expected }) => {
    expect(removeStatus(file, text)).toEqual({ ok: true, text: expected });
  });

  it.each([
    { reason: 'cannot be read', text: 'name: [\n' },
    { reason: 'is written in braces as a whole', text: '{ name: Acme, status: { phase: Ready } }\n' },
  ])('leaves a file alone that $reason', ({ text }) => {
    expect(removeStatus(file, text).ok).toBe(false);
  });
});
