import type { CommandUnknownOpts } from '@commander-js/extra-typings';

/** What may be typed behind one command, as the definition of the command line says it. */
export interface CompletableCommand {
  /** Words from the root to it: `ledger verify`; empty for the root. */
  readonly path: string;
  readonly subcommands: readonly string[];
  readonly options: readonly CompletableOption[];
  /** Values of its argument, where they are few. */
  readonly words: readonly string[];
  readonly takesCustomers: boolean;
}

export interface CompletableOption {
  /** `-C`, `--directory`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly value: 'none' | 'any' | 'directory' | 'file' | readonly string[];
}

/** Taken from the commands themselves, so that a completion cannot fall behind them. */
export function completionTree(root: CommandUnknownOpts): readonly CompletableCommand[] {
  return describe(root, '');
}

function describe(command: CommandUnknownOpts, path: string): CompletableCommand[] {
  const { commands, options, registeredArguments } = command;
  const own: CompletableCommand = {
    path,
    subcommands: commands.map((child) => child.name()),
    options: [
      ...options.map((option) => ({
        flags: [option.short, option.long].flatMap((flag) => flag ?? []),
        description: option.description,
        value: option.argChoices ?? kindOfValue(option.flags),
      })),
      { flags: ['-h', '--help'], description: 'print help', value: 'none' },
    ],
    words: registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    takesCustomers: registeredArguments.some((argument) => argument.name() === 'customer'),
  };
  return [own, ...commands.flatMap((child) => describe(child, `${path} ${child.name()}`.trim()))];
}

function kindOfValue(flags: string): 'none' | 'any' | 'directory' | 'file' {
  if (flags.endsWith('<dir>')) return 'directory';
  if (flags.endsWith('<file>')) return 'file';
  return flags.includes('<') ? 'any' : 'none';
}
