import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { allSteps } from '../../../src/cli/render/summary.ts';
import { renderText } from '../../../src/cli/render/text.ts';
import { customer, problem, report, step } from '../../support/reports.ts';
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

  it.each(Object.entries(scenarios))('lays %s out for a terminal of any width, with the same words', (_name, pass) => {
    const words = (text: string) => text.split(/\s+/);
    for (const width of [40, 60, 72, 100]) {
      const text = renderText(pass, { color: false, width });
      const tooLong = text.split('\n').filter((line) => line.length > width);
      // Hashes, ids and places are never broken.
      expect(tooLong.filter((line) => words(line).every((word) => word.length < width / 2))).toEqual([]);
      expect(words(text)).toEqual(words(plain(pass)));
    }
  });

  it('is laid out for 40 columns at least and for 100 at most', () => {
    const of = (width: number) => renderText(scenarios['plan-raise'] ?? report(), { color: false, width });
    expect(of(1)).toBe(of(40));
    expect(of(500)).toBe(of(100));
  });

  it('leaves out the end of a line of a file on a narrow terminal, but never the caret', () => {
    const broken = (column: number) => {
      const line = `metadata: { ${'x: y, '.repeat(10)} }`;
      const frame = `> 4 | ${line}\n    | ${' '.repeat(column)}^`;
      const at = { code: 'Invalid', message: 'No.', file: 'customers/a.yaml', line: 4, column, frame };
      const file = { file: 'customers/a.yaml', externalId: 'a', problems: [at] };
      return renderText(report({ brokenFiles: [file] }), { color: false, width: 60 });
    };
    const shown = (text: string) => text.split('\n').find((line) => line.startsWith('> 4 | '));
    expect(shown(broken(10))).toMatch(/^.{59}…$/);
    expect(shown(broken(60))).toMatch(/x: y, {2}}$/);
  });

  it.each(Object.entries(scenarios))('ends every step and problem of %s with its place', (_name, pass) => {
    const groups = stepGroups(plain(pass));
    for (const group of groups) expect(group.at(-1)).toMatch(place);
  });

  it.each(Object.entries(scenarios))('says the same about %s with and without colour', (_name, pass) => {
    const painted = renderText(pass, { color: true });
    expect(stripVTControlCharacters(painted)).toBe(plain(pass));
  });

  it.each(Object.entries(scenarios))('puts the amounts of all steps of %s at the same margin', (_name, pass) => {
    const money = allSteps(pass).filter(({ credits }) => credits > 0);
    const amounts = plain(pass)
      .split('\n')
      .filter((line) => / {2}[\d,]+ credits?$/.test(line));
    expect(amounts.map((line) => line.length)).toEqual(money.map(() => 80));
  });

  it.each(Object.entries(scenarios))('says at the end of %s whose steps were not carried out', (_name, pass) => {
    const [, list = ''] = plain(pass).split('\nNot carried out\n');
    const left = pass.command === 'apply' ? allSteps(pass).filter(({ outcome }) => outcome !== 'done') : [];
    expect(list === '').toBe(left.length === 0);
    for (const { name } of left) if (name !== null) expect(list).toContain(name);
  });

  it('says of every apply what it moved, also when that is nothing', () => {
    const totals = Object.values(scenarios)
      .filter(({ command, refused }) => command === 'apply' && refused === null)
      .map((pass) => / ([\w,]+ credits moved[^.]*)\./.exec(plain(pass).replaceAll('\n', ' '))?.[1]);
    expect(totals).toEqual(['no credits moved, 5,000 in doubt', '5,000 credits moved', 'no credits moved']);
  });

  it('does not say of an apply whose only step was a grant that nothing moves', () => {
    const grant = step({ action: 'grant', resource: 'credits', name: null, credits: 100, outcome: 'done' });
    const text = plain(report({ command: 'apply', customers: [customer({ steps: [grant] })] }));
    expect(text).toContain('\n1 of 1 customer: 1 step done; 100 credits moved.\n');
  });

  it('says in one line that nothing is to be done, also where refills are on', () => {
    const quiet = report({ customers: [customer({ refillExposure: { creditsPerMonth: 6000 } })] });
    expect(plain(quiet)).toBe('1 customer, nothing to do.\n');
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
