import { type Command, Option } from '@commander-js/extra-typings';
import { type Commands, schemaNames, secretStores, shells, statusStores, validateFormats } from './commands.ts';
import { completionTree } from './completion-tree.ts';
import {
  completionHelp,
  importHelp,
  initHelp,
  resumeHelp,
  sandboxHelp,
  schemaHelp,
  statusHelp,
  validateHelp,
} from './help.ts';
import { addInspections, addResolve, addWebhooks } from './inspections.ts';
import {
  collectOrganizations,
  collectWords,
  directoryOption,
  noColorOption,
  outputOption,
  readPort,
  sandboxOption,
} from './options.ts';
import { filesOnly, readSource, withSource } from './source-options.ts';

type Exit = (code: number) => void;

/** Everything but the default command. */
export function addSubcommands(program: Command, commands: Commands, exit: Exit): void {
  program.commandsGroup('Commands to begin with:');
  addInit(program, commands, exit);
  addImport(program, commands, exit);
  addSandbox(program, commands, exit);
  program.commandsGroup('Commands that look and explain:');
  addValidate(program, commands, exit);
  addStatus(program, commands, exit);
  addInspections(program, commands, exit);
  program.commandsGroup('Commands that settle something:');
  addResume(program, commands, exit);
  addResolve(program, commands, exit);
  addWebhooks(program, commands, exit);
  program.commandsGroup('Other commands:');
  addSchema(program, commands, exit);
  addCompletion(program, commands, exit);
  program.helpCommand('help [command]', 'print the help of a command');
}

function addInit(program: Command, commands: Commands, exit: Exit): void {
  program
    .command('init')
    .description('make a workspace, bound to the parent organization of the API key')
    .addOption(directoryOption())
    .addOption(new Option('--sandbox', 'for the built-in sandbox; needs no API key, may be bound later'))
    .addOption(new Option('--customer <externalId>', 'write the file of this first customer'))
    .addOption(new Option('--name <name>', 'its name; made of its externalId when left out'))
    .addOption(new Option('--example', 'write an example when there is no customer'))
    .addOption(new Option('--status-store <store>', 'where status goes').choices(statusStores))
    .addOption(new Option('--secret-store <store>', 'where secrets go').choices(secretStores))
    .addOption(new Option('--recipient <age1…>', 'for the secret store age; repeatable').argParser(collectWords))
    .addOption(new Option('--secret-namespace <name>', 'for the secret store kubernetes: of its Secret objects'))
    .addOption(new Option('--secret-address <url>', 'for the secret store vault: of its server'))
    .addOption(
      new Option(
        '--secret-command <program>',
        'for the secret store command: what keeps them, with its first arguments',
      ),
    )
    .addOption(new Option('--force', 'replace the bound API key; never the parent'))
    .addOption(new Option('--yes', 'ask nothing, take the defaults'))
    .addOption(noColorOption())
    .addHelpText('after', initHelp)
    .action(async ({ directory, color, recipient, ...options }) =>
      exit(
        await commands.init({
          directory,
          color,
          yes: options.yes === true,
          sandbox: options.sandbox === true,
          example: options.example === true,
          force: options.force === true,
          customer: options.customer ?? null,
          name: options.name ?? null,
          statusStore: options.statusStore ?? null,
          secretStore: options.secretStore ?? null,
          recipients: recipient ?? [],
          secretNamespace: options.secretNamespace ?? null,
          secretAddress: options.secretAddress ?? null,
          secretCommand: options.secretCommand ?? null,
        }),
      ),
    );
}

function addValidate(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('validate')
      .description('check every file and print all problems')
      .addOption(directoryOption())
      .addOption(
        new Option('--output <format>', 'github: annotations of the lines, in GitHub Actions')
          .choices(validateFormats)
          .default('text' as const),
      )
      .addOption(noColorOption()),
  )
    .addHelpText('after', validateHelp)
    .action(async (options, command) => exit(await commands.validate({ ...options, from: readSource(command) })));
}

function addStatus(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('status')
      .description('print the recorded status of every customer')
      .argument('[customer...]', 'externalIds of the customers to show; all when left out')
      .addOption(directoryOption())
      .addOption(outputOption())
      .addOption(noColorOption())
      .addOption(sandboxOption())
      .addOption(new Option('--live', 'also read what each organization holds now; GET only'))
      .addOption(new Option('--unsettled', 'only customers that are not as declared')),
  )
    .addHelpText('after', statusHelp)
    .action(async (customers, { sandbox, live, unsettled, ...options }, command) => {
      const flags = { sandbox: sandbox === true, live: live === true, unsettled: unsettled === true };
      exit(await commands.status({ ...options, ...flags, customers, from: readSource(command) }));
    });
}

function addResume(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('resume')
      .description('end a suspension that somebody made by hand')
      .argument('<customer>', 'externalId of the customer')
      .addOption(directoryOption())
      .addOption(noColorOption())
      .addOption(sandboxOption())
      .addOption(new Option('--yes', 'do not ask')),
  )
    .addHelpText('after', resumeHelp)
    .action(async (customer, options, command) => {
      const { directory, color } = options;
      const [sandbox, yes] = [options.sandbox === true, options.yes === true];
      exit(await commands.resume({ customer, directory, from: readSource(command), color, sandbox, yes }));
    });
}

function addImport(program: Command, commands: Commands, exit: Exit): void {
  filesOnly(
    program
      .command('import')
      .description('write files for organizations that exist; without options: list them')
      .addOption(new Option('--all', 'every live organization that has no file'))
      .addOption(new Option('--org <id>', 'this organization; repeatable').argParser(collectOrganizations))
      .addOption(new Option('--dry-run', 'print the files instead of writing them'))
      .addOption(directoryOption())
      .addOption(outputOption())
      .addOption(noColorOption())
      .addOption(sandboxOption()),
  )
    .addHelpText('after', importHelp)
    .action(async ({ all, org, dryRun, sandbox, ...options }, command) => {
      if (all && org) command.error('error: --all takes every organization; --org names some. Give one of them.');
      const wanted = all ? 'all' : (org ?? 'none');
      const flags = { dryRun: dryRun === true, sandbox: sandbox === true };
      exit(await commands.importOrganizations({ ...options, ...flags, wanted }));
    });
}

function addSandbox(program: Command, commands: Commands, exit: Exit): void {
  program
    .command('sandbox')
    .description('serve a sandbox of the Layers API on this machine')
    .addOption(directoryOption())
    .addOption(
      new Option('--host <host>', 'loopback only')
        .choices(['127.0.0.1', '::1', 'localhost'] as const)
        .default('127.0.0.1' as const),
    )
    .addOption(new Option('--port <port>', '0 lets the system choose').argParser(readPort).default(4010))
    .addOption(new Option('--data-directory <dir>', 'where its state is kept (.reconcile/sandbox)'))
    .addHelpText('after', sandboxHelp)
    .action(async ({ dataDirectory, ...options }) =>
      exit(await commands.sandbox({ ...options, dataDirectory: dataDirectory ?? null })),
    );
}

function addSchema(program: Command, commands: Commands, exit: Exit): void {
  program
    .command('schema')
    .description('print a JSON Schema, or the CustomResourceDefinition of customers')
    .addArgument(program.createArgument('<name>', 'which one').choices(schemaNames))
    .addOption(new Option('--output-file <file>', 'write it to a file instead of stdout'))
    .addHelpText('after', schemaHelp)
    .action(async (name, { outputFile }) => exit(await commands.schema({ name, outputFile: outputFile ?? null })));
}

function addCompletion(program: Command, commands: Commands, exit: Exit): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and customers')
    .addArgument(program.createArgument('<shell>', 'for which shell').choices(shells))
    .addHelpText('after', completionHelp)
    .action(async (shell) => exit(await commands.completion({ shell, tree: completionTree(program) })));
}
