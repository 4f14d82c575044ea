import type { Answer, Failure } from '../core/answer.ts';
import type { LedgerEvent, Organization } from '../core/api.ts';
import type { IdempotencyKeys } from '../core/idempotency.ts';
import type { Inventory } from '../core/inventory.ts';
import type { SourcedWorkspace } from '../core/source.ts';
import type { Announcer } from '../effects/announcer.ts';
import type { Chance } from '../effects/chance.ts';
import type { Clock } from '../effects/clock.ts';
import type { Journal } from '../effects/journal.ts';
import type { LayersReader, LayersWriter } from '../effects/layers/client.ts';
import type { SecretStore } from '../effects/secrets/store.ts';
import type { DeclarationSource } from '../effects/source/source.ts';
import type { StatusStore } from '../effects/status/store.ts';
import type { ProgressEvent } from './progress.ts';

/** Everything the engine touches. Nothing in `src/engine` reaches the world except through this. */
export interface Effects {
  readonly reader: LayersReader;
  /** Null in a dry run, which thereby cannot write. */
  readonly writer: LayersWriter | null;
  readonly source: DeclarationSource;
  readonly statuses: StatusStore;
  readonly secrets: SecretStore;
  readonly journal: Journal;
  /** Called when whoami was found to answer for the bound parent: from then on requests go with the key that it was asked with. */
  readonly acceptKey?: () => void;
  /** Tells whoever watches a customer's declaration what became of it; left out where nobody does. */
  readonly announcer?: Announcer;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly hash: (text: string) => string;
  readonly nameUuid: (name: string) => string;
  /** How many requests were made so far. */
  readonly requests: () => { readonly read: number; readonly write: number };
  readonly progress: (event: ProgressEvent) => void;
}

/** What is the same for every customer of one pass. */
export interface Pass {
  readonly effects: Effects;
  readonly workspace: SourcedWorkspace;
  readonly parentOrganizationId: string;
  readonly keys: IdempotencyKeys;
  /** What whoami says our key holds; empty when it says nothing, which is no proof that it holds nothing. */
  readonly parentScopes: readonly string[];
  readonly signal: AbortSignal;
  /** The server's clock when the pass began, in milliseconds since the epoch. */
  readonly serverTimeMs: number;
  /** Set when going on is useless for everybody (401): the failure that said so. */
  stoppedBy: Failure | null;
}

/** What was read once for many customers. */
export interface SharedReads {
  /** The parent's allocations of the last 48 hours, read at most once for a listing. */
  readonly parentLedgerOf48h: () => Promise<Answer<readonly LedgerEvent[]>>;
  /** Asks for what the listing may not have shown, before anything is created; the organizations that it lacked. */
  readonly lookAgain: () => Promise<Answer<readonly Organization[]>>;
  /** The listing that was planned from, with what was written since. */
  readonly inventory: () => Inventory;
  /** Takes in an organization as it read back after a write of ours: that is younger than the listing. */
  readonly note: (organization: Organization) => void;
}

export function isStopped(pass: Pass): boolean {
  return pass.stoppedBy !== null || pass.signal.aborted;
}

/** The half of the client that writes. A dry run has none and never gets here: asking for it then is a bug. */
export function writerOf(pass: Pass): LayersWriter {
  const { writer } = pass.effects;
  if (!writer) throw new Error('a dry run tried to write');
  return writer;
}
