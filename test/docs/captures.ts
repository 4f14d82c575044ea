import { execFileSync } from 'node:child_process';
import { commandsIn } from '../../src/cli/commands-in.ts';
import { runProgram } from '../../src/cli/program.ts';
import { fakeContext } from '../cli/support/context.ts';

/** A terminal as a document shows it: commands behind `$ `, and below each what it printed. */
export interface Capture {
  /** Of the first line in the document. */
  readonly line: number;
  readonly commands: readonly { readonly command: string; readonly printed: readonly string[] }[];
}

/** The captures of a document: fenced blocks that begin with a command of ours. */
export function capturesIn(document: string): readonly Capture[] {
  const captures: Capture[] = [];
  let block: { readonly line: number; readonly lines: string[] } | null = null;
  for (const [index, line] of document.split('\n').entries()) {
    if (!line.startsWith('```')) block?.lines.push(line);
    else if (block === null) block = { line: index + 2, lines: [] };
    else {
      if (block.lines[0]?.startsWith('$ reconcile')) captures.push({ line: block.line, commands: split(block.lines) });
      block = null;
    }
  }
  return captures;
}

function split(lines: readonly string[]): Capture['commands'] {
  const commands: { command: string; printed: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('$ ')) commands.push({ command: line.slice(2), printed: [] });
    else commands.at(-1)?.printed.push(line);
  }
  return commands;
}

/** Runs a command line in a workspace as at a terminal of 80 columns, where somebody says yes; all that is on it then. */
export async function printedBy(commandLine: string, directory: string): Promise<readonly string[]> {
  const [program, ...args] = commandLine.split(' ');
  if (program !== 'reconcile') {
    return linesOf(execFileSync('sh', ['-c', commandLine], { cwd: directory, encoding: 'utf8' }));
  }
  let shown = '';
  const show = (text: string) => {
    shown += text;
  };
  const context = {
    ...fakeContext(),
    isTerminal: true,
    canRedraw: true,
    stdout: show,
    stderr: show,
    ask: async (question: string) => {
      show(`${question} [y/N] y\n`);
      return true;
    },
  };
  await runProgram(
    [...args, '-C', directory],
    { version: '0', environment: {}, stdout: show, stderr: show, columns: 80 },
    commandsIn(context),
  );
  return linesOf(afterErasing(shown));
}

/** What is left on the terminal: a line that is erased is gone, whatever was drawn on it. */
function afterErasing(shown: string): string {
  const pieces = shown.split('\r\u001b[2K');
  return pieces
    .map((piece, index) => (index < pieces.length - 1 ? piece.slice(0, piece.lastIndexOf('\n') + 1) : piece))
    .join('');
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** What differs from run to run: ids, times, and the key that was made. */
function steady(line: string): string {
  return line
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uuid>')
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, '<time>')
    .replace(/lp_live_[A-Z0-9]{16}/g, 'lp_live_<key>');
}

/** The first line of a document that is not what was printed, or null. A line `…` stands for any number of lines. */
export function difference(printed: readonly string[], documented: readonly string[]): string | null {
  let at = 0;
  let isSkipping = false;
  for (const line of documented) {
    if (line === '…') {
      isSkipping = true;
      continue;
    }
    const wanted = steady(line);
    const found = isSkipping ? printed.findIndex((one, index) => index >= at && steady(one) === wanted) : at;
    if (found === -1 || steady(printed[found] ?? '<nothing>') !== wanted) {
      return `documented: ${line}\nprinted:    ${printed[isSkipping ? at : found] ?? '(nothing more)'}`;
    }
    at = found + 1;
    isSkipping = false;
  }
  if (!isSkipping && at < printed.length) return `not documented: ${printed[at]}`;
  return null;
}
