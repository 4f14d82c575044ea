#!/usr/bin/env node
import { packageVersion } from '../effects/version.ts';
import { commandsIn } from './commands-in.ts';
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
  if (context.isAbandoned()) process.exit();
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
        columns: context.width(),
      },
      commandsIn(context),
    );
  } catch (error) {
    sayDefect(error);
    return exitCodes.cannotRun;
  }
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
