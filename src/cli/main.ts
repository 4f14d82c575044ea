#!/usr/bin/env node
import { packageVersion } from '../effects/version.ts';
import { completion } from './commands/completion.ts';
import { doctor } from './commands/doctor.ts';
import { explain } from './commands/explain.ts';
import { importOrganizations } from './commands/import.ts';
import { init } from './commands/init.ts';
import { verifyLedger } from './commands/ledger.ts';
import { orphans } from './commands/orphans.ts';
import { pass } from './commands/pass.ts';
import { resolve } from './commands/resolve.ts';
import { resume } from './commands/resume.ts';
import { sandbox } from './commands/sandbox.ts';
import { schema } from './commands/schema.ts';
import { status } from './commands/status.ts';
import { validate } from './commands/validate.ts';
import { testWebhook } from './commands/webhooks.ts';
import type { Commands } from './commands.ts';
import type { CommandContext } from './context.ts';
import { takeApiKey } from './credentials.ts';
import { exitCodes } from './exit-code.ts';
import { logLevels, readLogLevel, scrub } from './log.ts';
import { createProcessContext, type StopSignal } from './process-context.ts';
import { runProgram } from './program.ts';

/** The only file that ends the process. It sets the exit code and lets what was written reach its reader. */

const apiKey = takeApiKey(process.env);
const logLevel = readLogLevel(process.env['RECONCILE_LOG_LEVEL']);
const context = createProcessContext({ process, apiKey, logLevel: logLevel ?? 'info', exitAtOnce });

// Who reads the output may stop reading (`| head`). That must not cut a payment short: we go on, unheard.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreBrokenPipe);
process.on('uncaughtException', (error) => {
  sayDefect(error);
  process.exit(exitCodes.cannotRun);
});

if (logLevel === null) {
  context.stderr(`error: RECONCILE_LOG_LEVEL must be one of ${logLevels.join(', ')}.\n`);
  process.exitCode = exitCodes.cannotRun;
} else {
  process.exitCode = await run();
}

async function run(): Promise<number> {
  try {
    return await runProgram(
      process.argv.slice(2),
      {
        version: packageVersion,
        environment: context.environment,
        stdout: (text) => context.stdout(text),
        stderr: (text) => context.stderr(text),
        columns: process.stdout.columns,
      },
      commandsIn(context),
    );
  } catch (error) {
    sayDefect(error);
    return exitCodes.cannotRun;
  }
}

function commandsIn(here: CommandContext): Commands {
  return {
    pass: (options) => pass(options, here),
    init: (options) => init(options, here),
    validate: (options) => validate(options, here),
    status: (options) => status(options, here),
    resume: (options) => resume(options, here),
    doctor: (options) => doctor(options, here),
    explain: (options) => explain(options, here),
    resolve: (options) => resolve(options, here),
    verifyLedger: (options) => verifyLedger(options, here),
    testWebhook: (options) => testWebhook(options, here),
    importOrganizations: (options) => importOrganizations(options, here),
    orphans: (options) => orphans(options, here),
    sandbox: (options) => sandbox(options, here),
    schema: (options) => schema(options, here),
    completion: (options) => completion(options, here),
  };
}

/** Only defects are thrown; everything else is an answer with an exit code. */
function sayDefect(error: unknown): void {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  context.stderr(
    `${scrub(`reconcile met a defect in itself and stopped. Please report this:\n${trace}`, context.secrets())}\n`,
  );
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function exitAtOnce(signal: StopSignal): void {
  process.exit(signal === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted);
}
