import type { Fleet, SourcedCustomer, SourcedWorkspace, SourceProblem } from '../../core/source.ts';

/** Where declarations come from. */
export interface DeclarationSource {
  /** `reconcile.yaml`; a missing file is a workspace of defaults, not a failure. */
  loadWorkspace(): Promise<WorkspaceLoad>;
  /** All customers, with the workspace's defaults merged in. */
  loadFleet(workspace: SourcedWorkspace): Promise<FleetLoad>;
  /**
   * Reads one customer's file, or object, again, immediately before money or keys move (correctness A1). Anything but an identical
   * declaration is `changed`: the caller drops what it had planned.
   */
  reread(customer: SourcedCustomer, workspace: SourcedWorkspace): Promise<'same' | 'changed'>;
}

export type WorkspaceLoad =
  | { readonly ok: true; readonly workspace: SourcedWorkspace }
  | { readonly ok: false; readonly problems: readonly SourceProblem[] };

export type FleetLoad =
  | { readonly ok: true; readonly fleet: Fleet }
  /** `customers/` is missing, unreadable or has no file: never "want zero". */
  | {
      readonly ok: false;
      readonly problems: readonly SourceProblem[];
      /** Whoever keeps the declarations did not answer: nothing is wrong with them, and it is worth asking again. */
      readonly isUnknown?: true;
    };
