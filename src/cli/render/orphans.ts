import { printable, quoted } from '../../core/declaration/yaml/printable.ts';
import { formatCredits } from '../../core/money.ts';
import type { Problem } from '../../core/problem.ts';
import type { OrphanedOrganization, OrphanSearch } from '../../engine/inspect/find-orphans.ts';
import { counted, row, wrap } from './layout.ts';
import type { Paint } from './palette.ts';

type Found = OrphanSearch & { readonly ok: true };

/** Everything that one side knows and the other does not, and what to do about each. Ends with a line break. */
export function renderOrphans({ organizations, files, webhooks, unreadable }: Found, paint: Paint): string {
  const stray = files.map(({ problem }) => problem);
  const lines = [
    ...section('Organizations that no file declares', organizations.flatMap(organizationLines), paint),
    ...section('Files without an organization', stray.flatMap(problemLines), paint),
    ...section('Webhooks that reconcile.yaml does not declare', webhooks.flatMap(problemLines), paint),
    ...section(
      'Files whose externalId cannot be read',
      unreadable.length === 0
        ? []
        : [
            ...unreadable.map(({ file }) => `  ${printable(file)}`),
            ...wrap(
              'Each may be the file of an organization that is listed here, and passes report none of those.',
              '  ',
            ),
            ...wrap('Next: correct them; `reconcile validate` says what is wrong.', '  ', 8),
            '',
          ],
      paint,
    ),
  ];
  if (lines.length === 0) return 'Every organization with our mark has a file, and every file its organization.\n';
  return `${[...lines, ...wrap('All of it is left alone: what is missing from a file is never an instruction.', '')].join('\n')}\n`;
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : [paint('heading', title), '', ...lines];
}

function organizationLines(orphan: OrphanedOrganization): string[] {
  const { externalId, incarnation, organizationId, name, status } = orphan;
  const facts = [
    ...(orphan.granted === null ? [] : [`${counted(orphan.granted, 'credit')} granted`]),
    ...(orphan.available === null ? [] : [`${formatCredits(orphan.available)} available`]),
    ...(orphan.liveKeys === null ? [] : [counted(orphan.liveKeys, 'live key')]),
  ];
  const identity = printable(externalId) + (incarnation === 1 ? '' : ` i${incarnation}`);
  return [
    ...row([`  ${identity}`, status, organizationId], 4),
    ...wrap([quoted(name), ...facts].join(', '), '    '),
    ...wrap(
      `Next: \`reconcile import --org ${organizationId}\` writes its file again; to offboard it, add \`state: archived\` there.`,
      '    ',
      10,
    ),
    '',
  ];
}

function problemLines({ code, message, next, at }: Problem): string[] {
  return [
    ...row([`  ${code}`, `${at.file}:${at.line}`], 4),
    ...wrap(message, '    '),
    ...(next === null ? [] : wrap(`Next: ${next}`, '    ', 10)),
    '',
  ];
}
