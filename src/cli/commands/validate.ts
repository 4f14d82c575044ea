import { resolve } from 'node:path';
import { type Validation, validateWorkspace } from '../../effects/source/validate-workspace.ts';
import type { WorkspaceOptions } from '../commands.ts';
import { sourceOf } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { renderDocument, sourceProblemDocument } from '../render/json.ts';
import { counted } from '../render/layout.ts';
import { FORMAT_VERSION } from '../render/output-schema.ts';
import { renderSourceProblems } from '../render/problem.ts';

/** Prints everything wrong in the workspace's files in one run. 0 when nothing is, else 3. Calls nothing. */
export async function validate({ directory, output }: WorkspaceOptions, context: CommandContext): Promise<number> {
  const validation = await validateWorkspace(sourceOf(resolve(directory)));
  context.stdout(output === 'json' ? asJson(validation) : asText(validation));
  return validation.problems.length === 0 ? exitCodes.ok : exitCodes.invalidInput;
}

function asJson({ customers, problems }: Validation): string {
  return renderDocument({
    formatVersion: FORMAT_VERSION,
    command: 'validate',
    customers: { ...customers },
    problems: problems.map(sourceProblemDocument),
  });
}

function asText({ customers, problems }: Validation): string {
  if (problems.length === 0) return `${counted(customers.found, 'customer file')}, no problems.\n`;
  const blocks = problems.map((problem) => renderSourceProblems([problem]).join('\n'));
  const files = new Set(problems.map(({ file }) => file)).size;
  const total = `${counted(problems.length, 'problem')} in ${counted(files, 'file')}; ${customers.valid} of ${counted(customers.found, 'customer file')} can be used.`;
  return `${[...blocks, total].join('\n\n')}\n`;
}
