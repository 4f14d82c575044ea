import type { CommandContext } from './context.ts';
import { createPage, type Page } from './render/page.ts';

/** For what goes to stdout; `color` is false after --no-color. */
export function outputPage(context: CommandContext, color: boolean): Page {
  return createPage({ color: context.useColor(color), width: context.width() });
}

/** For complaints and questions, which go to stderr. */
export function errorPage(context: CommandContext): Page {
  return createPage({ color: false, width: context.columns() });
}
