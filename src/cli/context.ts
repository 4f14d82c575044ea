import type { Logger } from 'pino';
import type { Secret } from '../core/secret.ts';

/** What a command has of the process it runs in. `main.ts` makes the real one; tests make their own. */
export interface CommandContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Data. */
  stdout(text: string): void;
  /** Everything for people that is not data: errors, questions, progress. */
  stderr(text: string): void;
  readonly log: Logger;
  /** Whether somebody sits in front of it: only then is anything asked. */
  readonly isTerminal: boolean;
  /** Whether a line on stderr can be drawn over. */
  readonly canRedraw: boolean;
  /** Of the terminal that stderr goes to, as it is now. */
  columns(): number;
  /** Columns that stdout is laid out for: of its terminal as it is now, or the usual 80 anywhere else. */
  width(): number;
  /** Whether to colour, given `--no-color`: never away from a terminal, never under NO_COLOR. */
  useColor(wanted: boolean): boolean;
  /** False unless somebody says yes. */
  ask(question: string): Promise<boolean>;
  /** A line that somebody types; null when the input ends or a signal arrives. */
  prompt(question: string): Promise<string | null>;
  credentials(): CredentialResult;
  /** Aborted by the first SIGINT or SIGTERM: no new work, what is in flight ends. */
  readonly stop: AbortSignal;
  /** Calls back at each SIGHUP until what it returns is called; before and after, SIGHUP ends the process as ever. */
  onHangup(listener: () => void): () => void;
  /** What is still at work is not waited for when the command has returned. */
  abandon(): void;
  /** The signal that aborted {@link stop}. */
  stoppedBy(): 'SIGINT' | 'SIGTERM' | null;
}

export type CredentialResult =
  | {
      readonly ok: true;
      /** `https://api.layers.com`, or what LAYERS_BASE_URL says. */
      readonly baseUrl: string;
      /** Reads the key anew, so that a file may change under a daemon. */
      readonly token: () => Secret;
    }
  /** What is missing or wrong and what to do, for people. */
  | { readonly ok: false; readonly message: string };
