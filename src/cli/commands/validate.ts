import { resolve } from 'node:path';
import type { SourceProblem } from '../../core/source.ts';
import { type Validation, validateWorkspace } from '../../effects/source/validate-workspace.ts';
import { withCluster } from '../cluster.ts';
import type { ValidateOptions } from '../commands.ts';
import { sourceOf } from '../compose.ts';
import type { CommandContext } from '../context.ts';
import { githubRoot } from '../environment.ts';
import { exitCodes } from '../exit-code.ts';
import { outputPage } from '../pages.ts';
import { annotateProblems } from '../render/github.ts';
import { renderDocument, sourceProblemDocument } from '../render/json.ts';
import { counted } from '../render/layout.ts';
import { FORMAT_VERSION } from '../render/output-schema.ts';
import type { Page } from '../render/page.ts';
import { renderProblemsOfFile } from '../render/problem.ts';
import { secretProgramProblems } from '../stores.ts';

/** Beyond so many broken files it is one mistake in many places, and a screen is no place for them. */
const FILES_MAX = 50;

/** Prints everything wrong in the workspace's files in one run. 0 when nothing is, else 3. Calls nothing. */
export async function validate(options: ValidateOptions, context: CommandContext): Promise<number> {
  const directory = resolve(options.directory);
  const validation = await withCluster(options.from, context.environment, (cluster) =>
    validateWorkspace(sourceOf(directory, cluster), (workspace) =>
      secretProgramProblems(workspace, { directory, environment: context.environment }, 'workspace'),
    ),
  );
  if (options.output === 'github')
    context.stdout(annotateProblems(validation.problems, { directory, root: githubRoot(context.environment) }));
  context.stdout(
    options.output === 'json' ? asJson(validation) : asText(validation, outputPage(context, options.color)),
  );
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

function asText({ customers, problems }: Validation, page: Page): string {
  if (problems.length === 0) return `${counted(customers.found, 'customer file')}, no problems.\n`;
  const files = new Map<string, SourceProblem[]>();
  for (const problem of problems) files.set(problem.file, [...(files.get(problem.file) ?? []), problem]);
  const blocks = [...files.values()].slice(0, FILES_MAX).flatMap((each) => renderProblemsOfFile(each, page));
  const unsaid = files.size - FILES_MAX;
  if (unsaid > 0) blocks.push(`${counted(unsaid, 'more file')} with problems; --output json names them all.`);
  const total = `${counted(problems.length, 'problem')} in ${counted(files.size, 'file')}; ${customers.valid} of ${counted(customers.found, 'customer file')} can be used.`;
  return `${[...blocks, page.wrap(total, '').join('\n')].join('\n\n')}\n`;
}
