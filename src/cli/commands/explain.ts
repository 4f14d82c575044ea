import { type Explained, explain as explainOne } from '../../engine/inspect/explain-customer.ts';
import type { ExplainOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { outputPage } from '../pages.ts';
import { openForReading, refusalExitCode, refusalText } from '../reading.ts';
import { renderExplanation } from '../render/explanation.ts';
import { problemDocument, refusalDocument, renderDocument } from '../render/json.ts';
import { type ExplanationDocument, FORMAT_VERSION } from '../render/output-schema.ts';

/** Tells how everything that one customer's file asks for stands. Reads only; 0 when it could be told. */
export async function explain(options: ExplainOptions, context: CommandContext): Promise<number> {
  const explained = await readAndExplain(options, context);
  if (options.output === 'json') context.stdout(renderDocument(explanationDocument(explained)));
  else if (!explained.ok) context.stderr(refusalText(explained.refusal, context));
  else context.stdout(renderExplanation(explained.explanation, outputPage(context, options.color)));
  return explained.ok ? exitCodes.ok : refusalExitCode(explained.refusal);
}

async function readAndExplain(options: ExplainOptions, context: CommandContext): Promise<Explained> {
  const reading = await openForReading(options, 'reconcile explain', context);
  if (!reading.ok) return reading;
  try {
    const { customer: externalId, sandbox } = options;
    return await explainOne(reading.effects, { externalId, bindingRequired: !sandbox, signal: context.stop });
  } finally {
    await reading.close();
  }
}

function explanationDocument(explained: Explained): ExplanationDocument {
  const head = { formatVersion: FORMAT_VERSION, command: 'explain' } as const;
  if (!explained.ok) return { ...head, refused: refusalDocument(explained.refusal), customer: null };
  const { steps, warnings, ...customer } = explained.explanation;
  return {
    ...head,
    refused: null,
    customer: {
      ...customer,
      steps: steps.map(({ at, ...step }) => ({ ...step, ...at })),
      warnings: warnings.map(problemDocument),
    },
  };
}
