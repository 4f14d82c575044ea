import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderText } from '../../../src/cli/render/text.ts';
import { customer, problem, report, step } from '../support/reports.ts';
import { scenarios } from '../support/scenarios.ts';

const plain = (pass: Parameters<typeof renderText>[0]) => renderText(pass, { color: false });
const place = /\S+:\d+$/;

describe('the text of a pass', () => {
  it.each(Object.entries(scenarios))('prints %s as the golden file shows', async (name, pass) => {
    await expect(plain(pass)).toMatchFileSnapshot(`../../golden/${name}.txt`);
  });

  it.each(Object.entries(scenarios))('keeps %s within 80 columns', (_name, pass) => {
    const tooLong = plain(pass)
      .split('\n')
      .filter((line) => line.length > 80);
    expect(tooLong).toEqual([]);
  });

  it.each(Object.entries(scenarios))('ends every step and problem of %s with its place', (_name, pass) => {
    const groups = stepGroups(plain(pass));
    for (const group of groups) expect(group.at(-1)).toMatch(place);
  });

  it.each(Object.entries(scenarios))('says the same about %s with and without colour', (_name, pass) => {
    const painted = renderText(pass, { color: true });
    expect(stripVTControlCharacters(painted)).toBe(plain(pass));
  });

  it('puts the amounts of all steps at the same margin', () => {
    const amounts = plain(scenarios['plan-blocked-by-guard'] ?? report())
      .split('\n')
      .filter((line) => / credits?$/.test(line));
    expect(amounts.map((line) => line.length)).toEqual([80, 80]);
  });

  it('takes nothing for a control sequence that a file or the API says', () => {
    const evil = '\u001b[2J\u202eevil\r\n\u009b31m';
    const text = plain(
      report({
        customers: [
          customer({
            externalId: evil,
            steps: [step({ name: evil, after: { [evil]: evil }, reason: evil, detail: evil, at: at(evil) })],
            problems: [problem({ message: evil, next: evil, requestId: evil, at: at(evil) })],
          }),
        ],
      }),
    );
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('stars out what has the shape of a key, whoever wrote it', () => {
    const key = `lp_live_ABCDEFGHJKMNPQRS_${'x'.repeat(43)}`;
    expect(plain(report({ customers: [customer({ problems: [problem({ message: key })] })] }))).not.toContain('xxx');
  });

  it('lets only a single long word reach beyond 80 columns', () => {
    const file = `customers/${'deep/'.repeat(20)}acme.yaml`;
    const lines = plain(report({ customers: [customer({ steps: [step({ at: at(file) })] })] })).split('\n');
    expect(lines.filter((line) => line.length > 80).map((line) => line.trim())).toEqual([`${file}:1`]);
  });
});

function at(file: string) {
  return { file, line: 1, column: 1 };
}

/** The lines of each step and problem: they begin with two spaces and a sign or a word, what belongs to them is deeper. */
function stepGroups(text: string): string[][] {
  const groups: string[][] = [];
  let current: string[] | null = null;
  for (const line of text.split('\n')) {
    if (/^ {2}([-+~$*=!?] \w|(error|held|in doubt|waiting|warning) {2}\w)/.test(line)) {
      current = [line];
      groups.push(current);
    } else if (current !== null && /^ {3,}/.test(line)) current.push(line);
    else current = null;
  }
  return groups;
}
