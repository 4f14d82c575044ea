import { canonicalJson } from '../../core/canonical.ts';
import { claimedIdentities } from '../../core/orphans.ts';
import type { Refusal } from '../../core/report.ts';
import type { BrokenFile, Fleet, SourcedCustomer, SourcedWorkspace } from '../../core/source.ts';
import type { DeclarationSource } from '../../effects/source/source.ts';
import { loadDeclarations } from '../prepare.ts';

/** What the files declared when they were last looked at. */
export interface Declarations {
  readonly workspace: SourcedWorkspace;
  readonly fleet: Fleet;
  readonly customers: ReadonlyMap<string, SourcedCustomer>;
  /** The identities of all files, unusable ones included as far as they could be read. */
  readonly claimed: ReadonlySet<string>;
  /** When each customer's present declaration was first seen, in turns (see {@link Turns}). */
  readonly seenIn: ReadonlyMap<string, number>;
}

/** Counts what happened one after another, where a clock may say the same time twice. */
export type Turns = () => number;

/** What a look at the files found. */
export type Loaded =
  | {
      readonly ok: true;
      readonly declarations: Declarations;
      /** Customers that are new, mended, or declared otherwise than before. */
      readonly changed: readonly string[];
      /** Customers of whom no usable file is left; absence is never an instruction (I5). */
      readonly gone: readonly string[];
      /** Files that became unusable, or are so for another reason than before. */
      readonly broken: readonly BrokenFile[];
      /** Files that were unusable and are not any more. */
      readonly mended: readonly string[];
      readonly workspaceChanged: boolean;
    }
  /** reconcile.yaml is not valid, or no customer file is: nothing is written, and nobody is gone (design 8). */
  | { readonly ok: false; readonly refusal: Refusal };

/** The files as they are now, compared with what they said before. */
export async function lookAtFiles(
  source: DeclarationSource,
  before: Declarations | null,
  turns: Turns,
): Promise<Loaded> {
  const loaded = await loadDeclarations(source);
  if (!loaded.ok) return loaded;
  const { workspace, fleet } = loaded;
  const turn = turns();
  const customers = new Map(fleet.customers.map((customer) => [customer.declaration.externalId, customer]));
  const changed = [...customers].flatMap(([id, customer]) => (isSame(before?.customers.get(id), customer) ? [] : [id]));
  const seenIn = new Map([...customers.keys()].map((id) => [id, before?.seenIn.get(id) ?? turn]));
  for (const id of changed) seenIn.set(id, turn);
  const brokenBefore = new Map(before?.fleet.broken.map((one) => [one.file, canonicalProblems(one)]));
  const brokenNow = new Set(fleet.broken.map(({ file }) => file));
  return {
    ok: true,
    declarations: { workspace, fleet, customers, claimed: claimedIdentities(fleet), seenIn },
    changed,
    gone: [...(before?.customers.keys() ?? [])].filter((id) => !customers.has(id)),
    broken: fleet.broken.filter((one) => brokenBefore.get(one.file) !== canonicalProblems(one)),
    mended: [...brokenBefore.keys()].filter((file) => !brokenNow.has(file)),
    workspaceChanged: before?.workspace.hash !== workspace.hash,
  };
}

/** Of an object that was applied anew without a difference, whoever waits for its generation is to be told. */
function isSame(before: SourcedCustomer | undefined, { hash, generation }: SourcedCustomer): boolean {
  return before?.hash === hash && before.generation === generation;
}

function canonicalProblems({ problems }: BrokenFile): string {
  return canonicalJson(problems.map(({ code, message, line }) => [code, message, line]));
}
