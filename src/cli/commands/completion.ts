import type { CompletionOptions } from '../commands.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { renderCompletion } from '../render/completion.ts';

/** Prints the script that teaches a shell our commands, options and customers. Reads nothing. */
export async function completion({ shell, tree }: CompletionOptions, context: CommandContext): Promise<number> {
  context.stdout(renderCompletion(shell, tree));
  return exitCodes.ok;
}
