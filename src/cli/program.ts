import { Command, CommanderError, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { type Commands, documentFormats, type PassOptions, passFormats } from './commands.ts';
import { applyEnvironment, type Environment, refuseMisspelt } from './environment.ts';
import { exitCodes } from './exit-code.ts';
import { passHelp, summaryText } from './help.ts';
import { readLease, withLease } from './lease-options.ts';
import { optionGroups } from './option-groups.ts';
import {
  collectApprovals,
  directoryOption,
  noColorOption,
  readConcurrency,
  readListen,
  readResync,
  sandboxOption,
} from './options.ts';
import { createPage } from './render/page.ts';
import { readSource, withSource } from './source-options.ts';
import { addSubcommands } from './subcommands.ts';

export interface ProgramContext {
  readonly version: string;
  readonly environment: Environment;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Columns of the terminal, for the help. */
  readonly columns?: number | undefined;
}

type Exit = (code: number) => void;

/**
 * Reads the command line (`args` without the names of node and of the script) and does nothing but to call one of the
 * commands. The answer is the exit code; a wrong command line is said on stderr and answers 1.
 */
export async function runProgram(
  args: readonly string[],
  context: ProgramContext,
  commands: Commands,
): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(context, commands, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.cannotRun;
  }
}

function createProgram(context: ProgramContext, commands: Commands, exit: Exit): CommandUnknownOpts {
  const page = createPage({ color: false, ...(context.columns === undefined ? {} : { width: context.columns }) });
  const program = new Command('reconcile')
    .description(summaryText)
    .version(context.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: context.stdout,
      writeErr: context.stderr,
      getOutHelpWidth: () => context.columns ?? 80,
      getErrHelpWidth: () => context.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(`${page.wrapLines(text.trimEnd(), '', 2).join('\n')}\n`),
    })
    .configureHelp({ groupItems: ownOptionsFirst, subcommandTerm: commandTerm })
    .enablePositionalOptions();
  addPass(program, commands, exit);
  addSubcommands(program, commands, exit);
  pointToHelp(program, 'reconcile');
  program.hook('preAction', (root, called) => {
    if (called !== root) inheritOptions(root, called);
    refuseMisspelt(program, called, context.environment);
    applyEnvironment(called, context.environment);
  });
  return program;
}

/** `ledger verify`, `status [customer...]`: what is typed; that each has options goes without saying. */
function commandTerm(command: CommandUnknownOpts): string {
  const below = command.commands.map((child) => child.name()).join('|');
  const words = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '...' : '');
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), below, ...words].filter(Boolean).join(' ');
}

/** Groups in the order in which they appear, but what only this command has stands before what many have. */
function ownOptionsFirst<T>(unsorted: readonly T[], visible: readonly T[], groupOf: (item: T) => string) {
  const headings = new Set([OWN_OPTIONS, ...[...unsorted, ...visible].map(groupOf)]);
  return new Map([...headings].map((heading) => [heading, visible.filter((item) => groupOf(item) === heading)]));
}

/** The heading that commander gives to options of no group. */
const OWN_OPTIONS = 'Options:';

/** Whoever mistypes an option of a command wants to see the options of that command. */
function pointToHelp(command: CommandUnknownOpts, path: string): void {
  command.showHelpAfterError(`Run ${path} --help for what there is.`);
  for (const child of command.commands) pointToHelp(child, `${path} ${child.name()}`);
}

function addPass(program: Command, commands: Commands, exit: Exit): void {
  const command = program
    .argument('[customer...]', 'externalIds of the customers to reconcile; all when left out')
    .optionsGroup(optionGroups.what)
    .addOption(new Option('--dry-run', 'print the plan only; no request but GET is made'))
    .addOption(new Option('--offline', 'as --dry-run, from the files and the recorded status alone: no API key'))
    .addOption(
      new Option('--base <dir>', 'with --offline: the workspace before the change; its guards and status count'),
    )
    .addOption(new Option('--watch', 'run as a daemon: on file changes and every resync'))
    .addOption(new Option('--full', 'read keys and ledgers of every customer'))
    .addOption(
      new Option('--concurrency <n>', 'customers worked on at once, 1 to 64').argParser(readConcurrency).default(8),
    )
    .optionsGroup(optionGroups.review)
    .addOption(
      new Option(
        '--approve <hash>',
        'run what a guard held back: the hash of a plan or of a customer; repeatable',
      ).argParser(collectApprovals),
    )
    .addOption(new Option('--yes', 'do not ask before money, archives and revocations'))
    .addOption(directoryOption())
    .addOption(sandboxOption())
    .optionsGroup(optionGroups.output)
    .addOption(
      new Option('--output <format>', 'what stdout carries; text is for people')
        .choices(passFormats)
        .default('text' as const),
    )
    .addOption(new Option('--detailed-exitcode', 'exit with 2 when there are changes'))
    .addOption(noColorOption())
    .optionsGroup(optionGroups.daemon)
    .addOption(new Option('--resync <duration>', 'how often everything is compared (10m)').argParser(readResync))
    .addOption(
      new Option('--listen <address>', 'host:port of probes and metrics, or off (127.0.0.1:9465)').argParser(
        readListen,
      ),
    );
  withLease(withSource(command))
    .addHelpText('after', passHelp)
    .action(async (customers, options, called) => {
      // A flag that was not given is undefined, so that the help does not print "(default: false)" behind each.
      const pass: PassOptions = {
        customers,
        directory: options.directory,
        from: readSource(called),
        output: options.output,
        color: options.color,
        dryRun: options.dryRun === true || options.offline === true,
        offline: options.offline === true,
        base: options.base ?? null,
        watch: options.watch === true,
        sandbox: options.sandbox === true,
        full: options.full === true,
        detailedExitcode: options.detailedExitcode === true,
        approve: options.approve ?? [],
        yes: options.yes === true,
        concurrency: options.concurrency,
        resyncMs: options.resync ?? null,
        listen: options.listen ?? null,
        lease: readLease(called, options.watch === true),
      };
      refuseContradictions(called, pass);
      exit(await commands.pass(pass));
    });
}

function refuseContradictions(
  command: CommandUnknownOpts,
  { watch, dryRun, offline, base, customers, output, from }: PassOptions,
): void {
  const typed = (name: string) => command.getOptionValueSource(name) === 'cli';
  for (const name of ['watch', 'full']) {
    if (offline && command.getOptionValue(name) === true)
      command.error(`error: --offline asks nobody: without --${name}.`);
  }
  if (offline && from?.source === 'kubernetes')
    command.error('error: --offline asks nobody, a cluster neither: without --source kubernetes.');
  if (!offline && base !== null) command.error('error: --base has an effect only with --offline.');
  if (watch && dryRun) command.error('error: --watch cannot be combined with --dry-run; a plan is printed once.');
  if (watch && customers.length > 0) {
    command.error('error: --watch keeps all customers; names of customers are for a single pass.');
  }
  if (watch && !documentFormats.some((format) => format === output)) {
    command.error(`error: --output ${output} is for a single pass; the log of --watch is one JSON object a line.`);
  }
  for (const name of ['resync', 'listen']) {
    if (!watch && typed(name)) command.error(`error: --${name} has an effect only with --watch.`);
  }
}

/** `reconcile -C dir validate` means `reconcile validate -C dir`; what the command does not have is refused. */
function inheritOptions(root: CommandUnknownOpts, called: CommandUnknownOpts): void {
  for (const option of root.options) {
    const attribute = option.attributeName();
    if (root.getOptionValueSource(attribute) !== 'cli') continue;
    const own = called.options.find((candidate) => candidate.attributeName() === attribute);
    if (own === undefined) {
      called.error(`error: ${option.long ?? option.flags} does not apply to the command ${called.name()}.`);
    }
    const value: unknown = root.getOptionValue(attribute);
    if (own.argChoices && typeof value === 'string' && !own.argChoices.includes(value)) {
      const allowed = own.argChoices.join(', ');
      called.error(
        `error: ${called.name()} does not know ${own.long ?? own.flags} ${value}. Allowed choices are ${allowed}.`,
      );
    }
    if (called.getOptionValueSource(attribute) !== 'cli') {
      called.setOptionValueWithSource(attribute, value, 'cli');
    }
  }
}
