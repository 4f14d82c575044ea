import type { ResourceKind, Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';

/** One thing that a declaration asks for, and that a step makes true. */
export interface Subject {
  readonly resource: Exclude<ResourceKind, 'webhook'>;
  /** `cap` or `refill`, or the name of the key; null where there is one of the kind. */
  readonly name: string | null;
  readonly pointer: string;
}

/** What a file declares, in the order in which it is made true (design 3). */
export function subjectsOf({ declaration }: SourcedCustomer): Subject[] {
  const { cap, refill, keys } = declaration;
  return [
    { resource: 'organization', name: null, pointer: '/externalId' },
    { resource: 'credits', name: null, pointer: '/credits' },
    ...(cap === undefined ? [] : [{ resource: 'credit-config', name: 'cap', pointer: '/cap' } as const]),
    ...(refill === undefined ? [] : [{ resource: 'credit-config', name: 'refill', pointer: '/refill' } as const]),
    ...keys.map(({ name }, index) => ({ resource: 'api-key', name, pointer: `/keys/${index}` }) as const),
  ];
}

export function isStepOf({ resource, name }: Subject, step: Step): boolean {
  return step.resource === resource && step.name === name;
}

/** The subject that a problem is about, told by the member of the file that it points to; else the organization. */
export function subjectOf(problem: Problem, customer: SourcedCustomer, subjects: readonly Subject[]): Subject | null {
  const pointer = pointerAt(problem, customer);
  const within = subjects.find((subject) => pointer === subject.pointer || pointer.startsWith(`${subject.pointer}/`));
  return within ?? subjects[0] ?? null;
}

/** Where `locate` pointed to, read backwards; empty for the file as a whole. */
function pointerAt({ at }: Problem, { file, positions, origins }: SourcedCustomer): string {
  for (const [pointer, origin] of origins ?? []) {
    if (origin.file === at.file && origin.line === at.line && origin.column === at.column) return pointer;
  }
  if (at.file !== file) return '';
  for (const [pointer, position] of positions) {
    if (position.line === at.line && position.column === at.column) return pointer;
  }
  return '';
}
