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

/** Every command, in one surrounding. */
export function commandsIn(here: CommandContext): Commands {
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
