import { describe, expect, it } from 'vitest';
import { type Bound, bindWorkspace } from '../../../src/cli/commands/bind-workspace.ts';

const parentOrganizationId = 'org_2481fa5c-a404-44ed-a561-565392499abc';
const apiKeyId = 'key_c2037bb9-354d-4662-96b7-97a28ad6b6e1';
const binding = { parentOrganizationId, apiKeyId };
const lines = `parentOrganizationId: ${parentOrganizationId}\napiKeyId: ${apiKeyId}\n`;
const bind = (text: string, force = false) => bindWorkspace(text, binding, force);
const bound = (text: string): Bound => ({ kind: 'bound', text });

describe('binding a workspace', () => {
  it.each([
    ['an empty file', '', lines],
    ['only comments', '# hello\n', `# hello\n${lines}`],
    ['no line break at the end', '# hello', `# hello\n${lines}`],
    ['a comment about the file, then members', '# hello\n\nguards: {}\n', `# hello\n${lines}\nguards: {}\n`],
    ['a comment that may belong to the first member', '# limits\nguards: {}\n', `${lines}# limits\nguards: {}\n`],
    [
      'the schema line of an editor stays first',
      '# yaml-language-server: $schema=x.json\n# limits\nguards: {}\n',
      `# yaml-language-server: $schema=x.json\n${lines}# limits\nguards: {}\n`,
    ],
    ['a document marker stays first', '---\nguards: {}\n', `---\n${lines}guards: {}\n`],
    [
      'line ends of another system',
      '# a\r\n\r\nguards: {}\r\n',
      `# a\r\n${lines.replaceAll('\n', '\r\n')}\r\nguards: {}\r\n`,
    ],
    ['a byte order mark', '\ufeffguards: {}\n', `\ufeff${lines}guards: {}\n`],
    ['a byte order mark before a comment', '\ufeff# a\n\nguards: {}\n', `\ufeff# a\n${lines}\nguards: {}\n`],
    [
      'only the key is missing',
      `# a\n\nparentOrganizationId: ${parentOrganizationId} # ours\n`,
      `# a\napiKeyId: ${apiKeyId}\n\nparentOrganizationId: ${parentOrganizationId} # ours\n`,
    ],
    [
      'a parent written without its prefix',
      `parentOrganizationId: ${parentOrganizationId}\n`,
      `apiKeyId: ${apiKeyId}\nparentOrganizationId: ${parentOrganizationId}\n`,
    ],
  ])('keeps every other byte: %s', (_reason, before, after) => {
    expect(bind(before)).toEqual(bound(after));
  });

  it('leaves a bound workspace alone', () => {
    expect(bind(lines)).toEqual({ kind: 'already-bound' });
  });

  it('never replaces a bound parent, not even by force', () => {
    const other = lines.replace('2481fa5c', '11111111');
    expect(bind(other, true)).toMatchObject({ kind: 'refused', code: 'WrongParent' });
  });

  it('replaces a bound key only by force, in its place', () => {
    const other = `apiKeyId: "key_old" # rotated in May: key_old\nparentOrganizationId: ${parentOrganizationId}\n`;
    expect(bind(other)).toMatchObject({ kind: 'refused', code: 'WrongApiKey' });
    expect(bind(other, true)).toEqual(bound(other.replace('"key_old"', `"${apiKeyId}"`)));
  });

  it('shows the lines to add where it cannot prove that nothing else changes', () => {
    const result = bind('{ guards: { maxArchives: 2 } }\n');
    expect(result).toMatchObject({ kind: 'refused', code: 'UnusualLayout' });
    expect(JSON.stringify(result)).toContain(apiKeyId);
  });

  it('says what is wrong with a file that is not valid', () => {
    expect(bind('guard: {}\n')).toMatchObject({ kind: 'invalid', problems: [{ line: 1, column: 1 }] });
  });
});
