import { Readable } from 'node:stream';

interface LazyBody {
  readonly stream: Readable;
  readonly bytes: number;
  /** `never-asked`: no connection was ready to take it. `fenced`: the fence threw. Both prove that nothing was sent. */
  state(): 'never-asked' | 'fenced' | 'handed-over';
}

/**
 * A body that is made when a connection is free and asks for it. undici writes the request's head together with the
 * first bytes of the body, so a fence that throws here keeps back the head as well; and a stream can be read only once,
 * so undici cannot quietly send the request again on another connection (correctness A6).
 */
export function createLazyBody(text: string, fence: (() => void) | undefined, givenUp: AbortSignal): LazyBody {
  const bytes = Buffer.from(text);
  let state: ReturnType<LazyBody['state']> = 'never-asked';
  const stream = new Readable({
    read() {
      if (givenUp.aborted) {
        this.destroy();
        return;
      }
      try {
        fence?.();
      } catch {
        state = 'fenced';
        this.destroy(new Error('The fence did not let the request pass.'));
        return;
      }
      state = 'handed-over';
      this.push(bytes);
      this.push(null);
    },
  });
  return { stream, bytes: bytes.length, state: () => state };
}
