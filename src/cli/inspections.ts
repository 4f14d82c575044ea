import type { Command } from '@commander-js/extra-typings';
import type { Commands } from './commands.ts';
import { directoryOption, noColorOption, outputOption, sandboxOption } from './options.ts';

type Exit = (code: number) => void;

/** The commands that look into things and explain them. */
export function addInspections(program: Command, commands: Commands, exit: Exit): void {
  addLedger(program, commands, exit);
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
  program
    .command('ledger')
    .description('what the ledgers say about the credits we granted')
    .command('verify')
    .description('compare both ledgers with each other and with the journal')
    .addOption(directoryOption())
    .addOption(outputOption())
    .addOption(noColorOption())
    .addOption(sandboxOption())
    .addHelpText('after', ledgerVerifyHelp)
    .action(async (options) => exit(await commands.verifyLedger({ ...options, sandbox: options.sandbox === true })));
}
