import { isAbsolute, relative, resolve } from 'node:path';
import type { Problem } from '../../core/problem.ts';
import type { PassReport } from '../../core/report.ts';
import type { SourceLocation, SourceProblem } from '../../core/source.ts';

/** Annotations of GitHub Actions: workflow commands on stdout, which show beside the line in a pull request. */

export interface AnnotationPlaces {
  /** The workspace, absolute. Positions are relative to it. */
  readonly directory: string;
  /** The root of the checkout (GITHUB_WORKSPACE), absolute. Annotations are relative to it. */
  readonly root: string;
}

interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
  readonly at: SourceLocation | null;
}

/** GitHub shows ten of each kind a step and drops the others without a word. */
const SHOWN_MAX = 10;

/** Everything that is wrong in files. */
export function annotateProblems(problems: readonly SourceProblem[], places: AnnotationPlaces): string {
  return render(problems.map(ofSource), places);
}

/** Everything that a pass has to say to somebody. */
export function annotateReport(report: PassReport, places: AnnotationPlaces): string {
  const { refused } = report;
  return render(
    [
      ...(refused === null ? [] : [...refused.problems.map(ofSource), ofRefusal(refused)]),
      ...report.staleApprovals.map(ofStaleApproval),
      ...report.fleet.problems.map((problem) => ofProblem(problem, null)),
      ...report.brokenFiles.flatMap(({ problems }) => problems.map(ofSource)),
      ...report.customers.flatMap(({ externalId, problems }) => problems.map((one) => ofProblem(one, externalId))),
    ],
    places,
  );
}

function ofSource({ code, message, hint, file, line, column }: SourceProblem): Annotation {
  return { level: 'error', title: code, message: sentences(message, hint), at: { file, line, column } };
}

function ofRefusal({ code, message, next }: NonNullable<PassReport['refused']>): Annotation {
  return { level: 'error', title: code, message: sentences(message, next), at: null };
}

function ofStaleApproval(hash: string): Annotation {
  const message = `The approval ${hash} fits nothing that is blocked: the plan may have changed since. Review it again.`;
  return { level: 'error', title: 'StaleApproval', message, at: null };
}

/** An error is what changes the exit code: a guard that blocks does, although for its customer it is only a warning. */
function ofProblem({ code, severity, message, next, at }: Problem, externalId: string | null): Annotation {
  const isError = severity === 'error' || severity === 'held' || severity === 'doubt' || code === 'GuardBlocked';
  const title = externalId === null ? code : `${code}: ${externalId}`;
  return { level: isError ? 'error' : 'warning', title, message: sentences(message, next), at };
}

function sentences(message: string, next: string | null | undefined): string {
  return next ? `${message}\n${next}` : message;
}

function render(annotations: readonly Annotation[], places: AnnotationPlaces): string {
  const ofLevel = (level: Annotation['level']) => annotations.filter((one) => one.level === level);
  return [...withinLimit(ofLevel('error')), ...withinLimit(ofLevel('warning'))]
    .map((annotation) => `${commandOf(annotation, places)}\n`)
    .join('');
}

/** The last of ten counts those that are left out. */
function withinLimit(annotations: readonly Annotation[]): readonly Annotation[] {
  const [first] = annotations;
  if (first === undefined || annotations.length <= SHOWN_MAX) return annotations;
  const shown = annotations.slice(0, SHOWN_MAX - 1);
  const message = `and ${annotations.length - shown.length} more like these; the output of this step has them all.`;
  return [...shown, { level: first.level, title: 'reconcile', message, at: null }];
}

function commandOf({ level, title, message, at }: Annotation, places: AnnotationPlaces): string {
  const place =
    at === null
      ? []
      : [
          ['file', pathOf(at.file, places)],
          ['line', `${at.line}`],
          ['col', `${at.column}`],
        ];
  const properties = [...place, ['title', title]].map(([name, value = '']) => `${name}=${escapeProperty(value)}`);
  return `::${level} ${properties.join(',')}::${escapeData(message)}`;
}

function pathOf(file: string, { directory, root }: AnnotationPlaces): string {
  const path = relative(root, resolve(directory, file)).replaceAll('\\', '/');
  return path.startsWith('../') || isAbsolute(path) ? file : path;
}

/** The runner reads `%0A` as a line break; a real one would end the command, and what follows could be another. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
