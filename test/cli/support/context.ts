import type { CommandContext, CredentialResult } from '../../../src/cli/context.ts';
import { createLog } from '../../../src/cli/log.ts';

export interface FakeContext extends CommandContext {
  readonly printed: { out: string; err: string; log: string };
  /** What SIGTERM does. */
  readonly abort: () => void;
}

/** A command's surroundings in memory: no terminal, no colours, nobody to ask. */
export function fakeContext(credentials?: () => CredentialResult): FakeContext {
  const printed = { out: '', err: '', log: '' };
  const controller = new AbortController();
  const log = createLog({
    level: 'debug',
    human: false,
    color: false,
    write: (text) => {
      printed.log += text;
    },
    secrets: () => [],
  });
  return {
    printed,
    abort: () => controller.abort(),
    environment: {},
    stdout(text) {
      printed.out += text;
    },
    stderr(text) {
      printed.err += text;
    },
    log,
    isTerminal: false,
    canRedraw: false,
    columns: () => 80,
    width: () => 80,
    useColor: () => false,
    ask: async () => false,
    prompt: async () => null,
    credentials: credentials ?? (() => ({ ok: false, message: 'There is no API key.' })),
    onHangup: () => () => {},
    abandon: () => {},
    stop: controller.signal,
    stoppedBy: () => (controller.signal.aborted ? 'SIGTERM' : null),
  };
}
