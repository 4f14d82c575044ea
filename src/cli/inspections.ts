import { type Command, Option } from '@commander-js/extra-typings';
import type { Commands } from './commands.ts';
import { directoryOption, noColorOption, outputOption, sandboxOption } from './options.ts';
import { readSource, withSource } from './source-options.ts';

type Exit = (code: number) => void;

/** The commands that look into things and explain them, besides `validate` and `status`. */
export function addInspections(program: Command, commands: Commands, exit: Exit): void {
  addExplain(program, commands, exit);
  addOrphans(program, commands, exit);
  addLedger(program, commands, exit);
  addDoctor(program, commands, exit);
}

const doctorHelp = `
Looks at the files, the API key and what it may do, the clock, the ledgers, the
secret store, the status store, the state directory, the lock and git. Makes GET
requests only; a probe is written into the secret store and removed again (in a
cluster it stays, as an empty Secret), and a push of status is tried without
being made. Exit code 1 when a check failed, else 0.

Examples:
  reconcile doctor
  reconcile doctor --output json | jq '.checks[] | select(.result != "ok")'`;

function addDoctor(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('doctor')
      .description('check everything that a pass rests on')
      .addOption(directoryOption())
      .addOption(outputOption())
      .addOption(noColorOption())
      .addOption(sandboxOption()),
  )
    .addHelpText('after', doctorHelp)
    .action(async ({ sandbox, ...options }, command) =>
      exit(await commands.doctor({ ...options, from: readSource(command), sandbox: sandbox === true })),
    );
}

const explainHelp = `
Reads the customer in full and tells of every step: what is known, what is not,
since when, what happens by itself, and what settles it. Only GET requests are
made, and nothing is written anywhere.

Examples:
  reconcile explain acme-coffee
  reconcile explain acme-coffee --output json | jq '.customer.steps[].state'`;

function addExplain(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('explain')
      .description('tell how every step of one customer stands')
      .argument('<customer>', 'externalId of the customer')
      .addOption(directoryOption())
      .addOption(outputOption())
      .addOption(noColorOption())
      .addOption(sandboxOption()),
  )
    .addHelpText('after', explainHelp)
    .action(async (customer, { sandbox, ...options }, command) =>
      exit(await commands.explain({ ...options, from: readSource(command), customer, sandbox: sandbox === true })),
    );
}

const resolveHelp = `
For a customer whose recorded status is wrong: copied, edited, or about an
organization that is gone. Prints what is recorded, asks, and throws it away.
Calls nothing, and can never say that a payment did or did not happen: the next
pass finds the organization, the grants and the keys by their marks.

Examples:
  reconcile resolve acme-coffee
  reconcile resolve acme-coffee --yes`;

export function addResolve(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('resolve')
      .description('discard what is recorded about one customer')
      .argument('<customer>', 'externalId of the customer')
      .addOption(directoryOption())
      .addOption(noColorOption())
      .addOption(sandboxOption())
      .addOption(new Option('--yes', 'do not ask')),
  )
    .addHelpText('after', resolveHelp)
    .action(async (customer, { directory, color, ...options }, command) => {
      const [sandbox, yes] = [options.sandbox === true, options.yes === true];
      exit(await commands.resolve({ customer, directory, from: readSource(command), color, sandbox, yes }));
    });
}

const ledgerVerifyHelp = `
Every marked grant must stand once on its customer's ledger and once on the
parent's, with the same amounts; every grant that the journal saw answered must
be on them; the sums must agree. Customers without a file are included. Only
GET requests are made. Exit code 0 when all agree, 1 when anything differs.

Examples:
  reconcile ledger verify
  reconcile ledger verify --output json | jq .differences`;

function addLedger(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('ledger')
      .helpCommand(false)
      .description('what the ledgers say about the credits we granted')
      .command('verify')
      .description('compare both ledgers with each other and with the journal')
      .addOption(directoryOption())
      .addOption(outputOption())
      .addOption(noColorOption())
      .addOption(sandboxOption()),
  )
    .addHelpText('after', ledgerVerifyHelp)
    .action(async ({ sandbox, ...options }, command) =>
      exit(await commands.verifyLedger({ ...options, from: readSource(command), sandbox: sandbox === true })),
    );
}

const orphansHelp = `
Organizations with our mark that no file declares, files whose organization is
gone or archived, and webhooks that reconcile.yaml does not declare, with what
to do about each. Only GET requests are made; nothing is ever done about them by
itself. Exit code 0; with --detailed-exitcode 2 when there are any.

Examples:
  reconcile orphans
  reconcile orphans --output json | jq -r '.organizations[].organizationId'`;

function addOrphans(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('orphans')
      .description('list what has no file, and files that have nothing')
      .addOption(directoryOption())
      .addOption(outputOption())
      .addOption(noColorOption())
      .addOption(sandboxOption())
      .addOption(new Option('--detailed-exitcode', 'exit with 2 when there are any')),
  )
    .addHelpText('after', orphansHelp)
    .action(async ({ sandbox, detailedExitcode, ...options }, command) =>
      exit(
        await commands.orphans({
          ...options,
          from: readSource(command),
          sandbox: sandbox === true,
          detailedExitcode: detailedExitcode === true,
        }),
      ),
    );
}

const webhooksTestHelp = `
Asks the API to send its test ping to the receiver of a declared webhook, and
waits up to 90 seconds for the delivery. The ping goes out whatever events are
declared; nothing is changed. It may run beside the daemon. Exit code 0 when it
was delivered, 5 when it failed or is not delivered yet, 4 under guards.freeze.

Examples:
  reconcile webhooks test firehose
  reconcile webhooks test firehose --output json | jq .delivery`;

export function addWebhooks(program: Command, commands: Commands, exit: Exit): void {
  withSource(
    program
      .command('webhooks')
      .helpCommand(false)
      .description('try the webhooks of reconcile.yaml')
      .command('test')
      .description('send the test ping of the API, and report its delivery')
      .argument('<name>', 'name of the webhook in reconcile.yaml')
      .addOption(directoryOption())
      .addOption(outputOption())
      .addOption(noColorOption())
      .addOption(sandboxOption()),
  )
    .addHelpText('after', webhooksTestHelp)
    .action(async (name, { sandbox, ...options }, command) =>
      exit(await commands.testWebhook({ ...options, from: readSource(command), name, sandbox: sandbox === true })),
    );
}
