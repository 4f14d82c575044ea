import type { Effects } from '../../engine/context.ts';
import { testWebhook as sendAndWait, type TestedWebhook } from '../../engine/test-webhook.ts';
import type { TestWebhookOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { outputPage } from '../pages.ts';
import { createProgress, logOnlyTrouble } from '../progress.ts';
import { cannotRun, refusalExitCode, refusalText } from '../reading.ts';
import { refusalCode } from '../refusal.ts';
import { problemDocument, refusalDocument, renderDocument } from '../render/json.ts';
import { FORMAT_VERSION, type WebhookTestDocument } from '../render/output-schema.ts';
import { renderWebhookTest } from '../render/webhook-test.ts';
import { openSession, workspaceOf } from '../session.ts';
import { fromFiles } from '../source-options.ts';

/** Sends the test ping to a declared webhook and reports its delivery. 0 when it was delivered. */
export async function testWebhook(options: TestWebhookOptions, context: CommandContext): Promise<number> {
  const { directory, sandbox, name, output, from = fromFiles } = options;
  logOnlyTrouble(context);
  const progress = createProgress(context, output === 'text');
  // The sandbox is a file of the workspace; the API is not.
  const session = { directory, sandbox, from, dryRun: false, command: 'reconcile webhooks test', lock: sandbox };
  const opened = await openSession(session, context, progress.onEvent);
  if (!opened.ok) {
    const refusal = cannotRun(refusalCode(opened.exitCode), opened.message);
    print(options, { kind: 'refused', refusal }, context);
    return opened.exitCode;
  }
  try {
    const effects: Effects = opened.session.composed.effectsFor(await workspaceOf(opened.session));
    const tested = await sendAndWait(effects, { name, bindingRequired: !sandbox, signal: context.stop });
    progress.end();
    print(options, tested, context);
    return exitCodeOfTest(tested, context.stoppedBy());
  } finally {
    await opened.session.close();
  }
}

function print({ output, name, color }: TestWebhookOptions, tested: TestedWebhook, context: CommandContext): void {
  if (output === 'json') context.stdout(renderDocument(webhookTestDocument(name, tested)));
  else if (tested.kind === 'refused') context.stderr(refusalText(tested.refusal, context));
  else context.stdout(renderWebhookTest(name, tested, outputPage(context, color)));
}

function exitCodeOfTest(tested: TestedWebhook, stoppedBy: 'SIGINT' | 'SIGTERM' | null): number {
  if (tested.kind === 'refused') return refusalExitCode(tested.refusal);
  if (tested.kind === 'sent' && tested.delivery?.status === 'delivered') return exitCodes.ok;
  if (stoppedBy !== null) return stoppedBy === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted;
  return tested.kind === 'not-sent' && tested.problem.code === 'GuardBlocked' ? exitCodes.blocked : exitCodes.failed;
}

function webhookTestDocument(name: string, tested: TestedWebhook): WebhookTestDocument {
  const nothing = { refused: null, endpointId: null, url: null, problem: null, delivery: null };
  const head = { formatVersion: FORMAT_VERSION, command: 'webhooks-test', webhook: name, ...nothing } as const;
  if (tested.kind === 'refused') return { ...head, refused: refusalDocument(tested.refusal) };
  if (tested.kind === 'not-sent') return { ...head, problem: problemDocument(tested.problem) };
  const { endpoint, deliveryId, delivery } = tested;
  const unseen = { status: 'unseen', attempts: 0, lastResponseStatus: null, lastErrorMessage: null } as const;
  return { ...head, endpointId: endpoint.id, url: endpoint.url, delivery: { ...unseen, ...delivery, id: deliveryId } };
}
