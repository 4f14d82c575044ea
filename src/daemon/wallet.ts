import type { Clock } from '../effects/clock.ts';
import type { LayersReader } from '../effects/layers/client.ts';
import type { DaemonEvent, Observer } from './observer.ts';

/** The same reader, telling of the parent's balance, in credits, whoever asks for it. */
export function tellingBalance<Reader extends LayersReader>(
  reader: Reader,
  onBalance: (balance: number) => void,
): Reader {
  return {
    ...reader,
    async parentWallet() {
      const answer = await reader.parentWallet();
      if (answer.outcome === 'ok') onBalance(answer.value.prepaidBalance);
      return answer;
    },
  };
}

export interface BalanceWatch {
  readonly observe: Observer;
  close(): void;
}

/** One read a minute is not felt, whatever happens meanwhile. */
const APART_MS = 60_000;

/**
 * Has the balance read when organizations were listed, which is once per resync interval, and after grants: else it would
 * be read only while a grant is planned, and nobody would see an empty wallet coming.
 */
export function watchBalance(
  reader: Pick<LayersReader, 'parentWallet'>,
  clock: Pick<Clock, 'sleep'>,
  onDefect: (error: unknown) => void,
): BalanceWatch {
  const closing = new AbortController();
  let isWanted = false;
  let isAtWork = false;

  async function readWhileWanted(): Promise<void> {
    isAtWork = true;
    while (isWanted && !closing.signal.aborted) {
      isWanted = false;
      await reader.parentWallet();
      await clock.sleep(APART_MS, closing.signal);
    }
    isAtWork = false;
  }

  return {
    observe(event) {
      if (event.kind !== 'view-refreshed' && !movedCredits(event)) return;
      isWanted = true;
      if (!isAtWork) readWhileWanted().catch(onDefect);
    },
    close: () => closing.abort(),
  };
}

function movedCredits(event: DaemonEvent): boolean {
  if (event.kind !== 'item-ended' || event.visit?.kind !== 'customer') return false;
  return event.visit.report.steps.some(({ credits, outcome }) => credits > 0 && outcome === 'done');
}
