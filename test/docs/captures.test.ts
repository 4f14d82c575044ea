import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsIn } from '../../src/cli/commands-in.ts';
import { runProgram } from '../../src/cli/program.ts';
import { fakeContext } from '../cli/support/context.ts';
import { textOf, workspace } from '../cli/support/workspace.ts';
import { repositoryRoot } from '../support/source-tree.ts';
import { capturesIn, difference, printedBy } from './captures.ts';

const documents = ['README.md', 'docs', 'docs/decisions', 'deploy/github'].flatMap((place) =>
  place.endsWith('.md')
    ? [place]
    : readdirSync(join(repositoryRoot, place))
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(place, name)),
);

const captures = documents.flatMap((document) =>
  capturesIn(textOf(repositoryRoot, document)).map((capture) => ({ document, ...capture })),
);

/** What happened in the workspace before the capture begins; the README begins with the first pass. */
const before: Readonly<Record<string, readonly string[]>> = {
  'docs/commands.md': ['reconcile --sandbox --yes', 'rm -r .reconcile/sandbox/secrets'],
  'docs/operations.md': ['reconcile --sandbox --yes', 'rm -r .reconcile/sandbox/secrets .reconcile/sandbox/status'],
  'docs/decisions/0008-offline-plans.md': [
    'reconcile --sandbox --yes',
    "sed -i 's/credits: 5000/credits: 8000/' customers/acme-coffee.yaml",
  ],
};

function exampleWorkspace(): string {
  const files = ['reconcile.yaml', 'customers/acme-coffee.yaml'];
  return workspace(Object.fromEntries(files.map((file) => [file, textOf(repositoryRoot, file)])));
}

describe('the captures in the documents', () => {
  it('are there', () => {
    expect([...new Set(captures.map(({ document }) => document))].toSorted()).toEqual([
      'README.md',
      ...Object.keys(before).toSorted(),
    ]);
  });

  it.each(captures)('$document:$line shows what the commands print', async ({ document, commands }) => {
    const directory = exampleWorkspace();
    for (const command of before[document] ?? []) await printedBy(command, directory);
    for (const { command, printed } of commands) {
      expect(difference(await printedBy(command, directory), printed), command).toBeNull();
    }
  });

  it('hold no line that a terminal of 80 columns would break', () => {
    const lines = captures.flatMap(({ commands }) => commands.flatMap(({ printed }) => printed));
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('the command line in the README', () => {
  it('has no option and no command that the help does not have', async () => {
    const block = /## The command line\n\n```\n([^`]*)```/.exec(
      readFileSync(join(repositoryRoot, 'README.md'), 'utf8'),
    );
    let help = '';
    const stdout = (text: string) => {
      help += text;
    };
    const surroundings = { version: '0', environment: {}, stdout, stderr: stdout, columns: 80 };
    await runProgram(['--help'], surroundings, commandsIn(fakeContext()));
    const options = block?.[1]?.match(/(?<= )--[a-z-]+/g) ?? [];
    const commands = (block?.[1]?.match(/^reconcile [a-z].*$/gm) ?? [])
      .flatMap((line) => line.replace('reconcile ', '').split(' | '))
      .map((command) => command.split(' ')[0] ?? '');
    expect(options.length + commands.length).toBeGreaterThan(20);
    for (const word of [...options, ...commands]) expect(help).toMatch(new RegExp(`(^|\\s)${word}\\b`, 'm'));
  });
});

describe('a difference between a document and what was printed', () => {
  const printed = ['one', 'id 11111111-1111-1111-1111-111111111111', 'three', 'four'];

  it.each([
    { reason: 'the same', documented: printed, differs: false },
    {
      reason: 'other ids',
      documented: printed.with(1, 'id 22222222-2222-2222-2222-222222222222'),
      differs: false,
    },
    { reason: 'lines left out', documented: ['one', '…', 'four'], differs: false },
    { reason: 'an end left out', documented: ['one', '…'], differs: false },
    { reason: 'another line', documented: printed.with(2, 'drei'), differs: true },
    { reason: 'a line too few', documented: printed.slice(0, 3), differs: true },
    { reason: 'a line too many', documented: [...printed, 'five'], differs: true },
    { reason: 'a line that is not behind those left out', documented: ['one', '…', 'five'], differs: true },
  ])('is noticed or not: $reason', ({ documented, differs }) => {
    expect(difference(printed, documented) !== null).toBe(differs);
  });
});
