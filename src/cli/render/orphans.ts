import { printable, quoted } from '../../core/declaration/yaml/printable.ts';
import { formatCredits } from '../../core/money.ts';
import type { Problem } from '../../core/problem.ts';
import { lineText } from '../../core/source.ts';
import type { OrphanedOrganization, OrphanSearch } from '../../engine/inspect/find-orphans.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';

type Found = OrphanSearch & { readonly ok: true };

/** Everything that one side knows and the other does not, and what to do about each. Ends with a line break. */
export function renderOrphans({ organizations, files, webhooks, unreadable }: Found, page: Page): string {
  const stray = files.map(({ problem }) => problem);
  const lines = [
    ...section(
      'Organizations that no file declares',
      organizations.flatMap((one) => organizationLines(one, page)),
      page,
    ),
    ...section(
      'Files without an organization',
      stray.flatMap((one) => problemLines(one, page)),
      page,
    ),
    ...section(
      'Webhooks that reconcile.yaml does not declare',
      webhooks.flatMap((one) => problemLines(one, page)),
      page,
    ),
    ...section(
      'Files whose externalId cannot be read',
      unreadable.length === 0
        ? []
        : [
            ...unreadable.map(({ file }) => `  ${printable(file)}`),
            ...page.wrap(
              'Each may be the file of an organization that is listed here, and passes report none of those.',
              '  ',
            ),
            ...page.wrap('Next: correct them; `reconcile validate` says what is wrong.', '  ', 8),
            '',
          ],
      page,
    ),
  ];
  if (lines.length === 0) return 'Every organization with our mark has a file, and every file its organization.\n';
  return `${[...lines, ...page.wrap('All of it is left alone: what is missing from a file is never an instruction.', '')].join('\n')}\n`;
}

function section(title: string, lines: readonly string[], page: Page): string[] {
  return lines.length === 0 ? [] : [page.paint('heading', title), '', ...lines];
}

function organizationLines(orphan: OrphanedOrganization, page: Page): string[] {
  const { externalId, incarnation, organizationId, name, status } = orphan;
  const facts = [
    ...(orphan.granted === null ? [] : [`${counted(orphan.granted, 'credit')} granted`]),
    ...(orphan.available === null ? [] : [`${formatCredits(orphan.available)} available`]),
    ...(orphan.liveKeys === null ? [] : [counted(orphan.liveKeys, 'live key')]),
  ];
  const identity = printable(externalId) + (incarnation === 1 ? '' : ` i${incarnation}`);
  return [
    ...page.row([`  ${identity}`, status, organizationId], 4),
    ...page.wrap([quoted(name), ...facts].join(', '), '    '),
    ...page.wrap(
      `Next: \`reconcile import --org ${organizationId}\` writes its file again; to offboard it, add \`state: archived\` there.`,
      '    ',
      10,
    ),
    '',
  ];
}

function problemLines({ code, message, next, at }: Problem, page: Page): string[] {
  return [
    ...page.row([`  ${code}`, lineText(at)], 4),
    ...page.wrap(message, '    '),
    ...(next === null ? [] : page.wrap(`Next: ${next}`, '    ', 10)),
    '',
  ];
}
