import { resumeCustomer } from '../../engine/resume.ts';
import type { ResumeOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { errorPage, outputPage } from '../pages.ts';
import { createProgress, logOnlyTrouble } from '../progress.ts';
import { openSession, workspaceOf } from '../session.ts';
import { fromFiles } from '../source-options.ts';

/** Ends a suspension that was made by hand; asks first on a terminal. 0 when the customer is active afterwards. */
export async function resume(options: ResumeOptions, context: CommandContext): Promise<number> {
  const { directory, sandbox, customer, from = fromFiles } = options;
  logOnlyTrouble(context);
  const progress = createProgress(context, false);
  const session = { directory, sandbox, from, dryRun: false, command: 'reconcile resume' };
  const opened = await openSession(session, context, progress.onEvent);
  if (!opened.ok) {
    say(context, 'error: ', opened.message);
    return opened.exitCode;
  }
  try {
    const effects = opened.session.composed.effectsFor(await workspaceOf(opened.session));
    const result = await resumeCustomer(effects, {
      externalId: customer,
      bindingRequired: !sandbox,
      signal: context.stop,
      confirm: async (organizationId) =>
        options.yes ||
        !context.isTerminal ||
        context.ask(`Somebody suspended ${organizationId} on purpose. Let its keys work again?`),
    });
    switch (result.kind) {
      case 'resumed':
        context.stdout(
          `${outputPage(context, false)
            .wrap(`${customer} is active again (${result.organizationId}). The next pass looks after it.`, '')
            .join('\n')}\n`,
        );
        return exitCodes.ok;
      case 'declined':
        say(context, '', 'Nothing was changed.');
        return exitCodes.ok;
      case 'refused':
        say(context, 'error: ', [result.refusal.message, result.refusal.next ?? ''].join('\n'));
        return result.refusal.kind === 'invalid-input' ? exitCodes.invalidInput : exitCodes.cannotRun;
      case 'not-needed':
      case 'blocked':
      case 'failed':
        say(context, 'error: ', [result.message, result.next ?? ''].join('\n'));
        return STOPPED[result.kind];
    }
  } finally {
    await opened.session.close();
  }
}

const STOPPED = {
  'not-needed': exitCodes.cannotRun,
  blocked: exitCodes.blocked,
  failed: exitCodes.failed,
} as const;

function say(context: CommandContext, prefix: string, message: string): void {
  context.stderr(`${errorPage(context).wrapLines(message.trim(), prefix, 2).join('\n')}\n`);
}
