import type { Answer } from '../../src/core/answer.ts';
import { Secret } from '../../src/core/secret.ts';
import type { LayersClient } from '../../src/effects/layers/client.ts';
import { createLayersClient } from '../../src/effects/layers/layers-client.ts';
import { createPacer, type Pacer, type RequestClass } from '../../src/effects/layers/pacer.ts';
import type { RequestEvent } from '../../src/effects/layers/request.ts';
import type { Transport } from '../../src/effects/layers/transport.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/index.ts';
import { sandboxTransport } from './sandbox-transport.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export type Tier = 'standard' | 'pilot' | 'partner';

/** operational/rate-limits, as the sandbox holds us to it. */
export const LIMITS: Readonly<Record<Tier, Readonly<Record<RequestClass, number>>>> = {
  standard: { read: 120, write: 60 },
  pilot: { read: 1_200, write: 600 },
  partner: { read: 6_000, write: 3_000 },
};

/** One program that uses the parent's key: a client with a pacer of its own. */
export interface Program {
  readonly client: LayersClient;
  readonly pacer: Pacer;
  /** What it was answered, by class: how often at which virtual millisecond, and how often with 429. */
  readonly answered: Readonly<Record<RequestClass, number[]>>;
  readonly refused: Readonly<Record<RequestClass, number[]>>;
}

/** The sandbox with its rate limiter behind a network that takes its time, all of it in virtual time. */
export interface PacerRig {
  readonly clock: VirtualClock;
  readonly sandbox: Sandbox;
  /** Another one beside those that are there: they know nothing of each other. */
  program(options?: { readonly isPaced?: boolean }): Program;
  /** Reads and writes as fast as the pacer lets them until a virtual time, so many at once. */
  load(program: Program, until: number, workers: Readonly<Partial<Record<RequestClass, number>>>): Promise<void>;
  /** The provider moves the key to another tier. */
  changeTier(tier: Tier): void;
  /** Others wrote until today's writes were used up. */
  useUpWritesOfTheDay(): void;
}

export interface RigOptions {
  readonly tier: Tier;
  /** How far the server's clock is ahead of ours. */
  readonly skewMs?: number;
  readonly startMs?: number;
}

/** A request travels so long at most, and so does its answer: in no regular pattern. */
const LATENCY_MAX_MS = 450;

export function createPacerRig({ tier, skewMs = 0, startMs }: RigOptions): PacerRig {
  const clock = createVirtualClock(startMs);
  const sandbox = createSandbox({
    tier,
    now: () => clock.now() + skewMs,
    requestLogMax: 0,
    behaviour: { idempotencyWindowMs: 0 },
  });
  const made = sandbox.hands.createOrganization({ name: 'Somebody' });
  if (!made.done) throw new Error('the sandbox makes an organization');
  const organizationId = made.organization.id;
  const inner = sandboxTransport(sandbox);
  let draws = 0;
  const travel = () => {
    draws += 1;
    return (draws * 7_919) % LATENCY_MAX_MS;
  };
  const transport: Transport = {
    async send(request) {
      await clock.sleep(travel());
      const answer = await inner.send(request);
      await clock.sleep(travel());
      return answer;
    },
  };
  let uuids = 0;
  const uuid = () => {
    uuids += 1;
    return `00000000-0000-4000-8000-${String(uuids).padStart(12, '0')}`;
  };

  return {
    clock,
    sandbox,
    program({ isPaced = true } = {}) {
      const chance = { random: () => ((uuids * 7_919) % 1_000) / 1_000, uuid };
      const pacer = createPacer({ clock, chance, ...(isPaced ? {} : { tier: 'unlimited' }) });
      const answered = { read: [] as number[], write: [] as number[] };
      const refused = { read: [] as number[], write: [] as number[] };
      const onRequest = ({ requestClass, status }: RequestEvent) => {
        const list = status === 429 ? refused : answered;
        list[requestClass].push(clock.monotonic());
      };
      const token = () => new Secret(sandbox.parent().token);
      const client = createLayersClient({ transport, token, clock, chance, pacer, onRequest });
      return { client, pacer, answered, refused };
    },
    async load({ client }, until, workers) {
      const work = async (once: () => Promise<Answer<unknown>>): Promise<void> => {
        while (clock.monotonic() < until) {
          const answer = await once();
          if (answer.outcome !== 'ok') await clock.sleep(answer.problem.retryAfterMs ?? 1_000);
        }
      };
      const times = (count = 0, once: () => Promise<Answer<unknown>>) =>
        Array.from({ length: count }, () => work(once));
      const write = () => client.patchOrganization(organizationId, { name: `Somebody ${uuids}` }, uuid());
      await Promise.all([
        ...times(workers.read, () => client.getOrganization(organizationId)),
        ...times(workers.write, write),
      ]);
    },
    changeTier(next) {
      const state = sandbox.snapshot();
      const apiKeys = state.apiKeys.map((key) => ({ ...key, rateLimitTier: next }));
      sandbox.restore({ ...state, apiKeys });
    },
    useUpWritesOfTheDay() {
      const state = sandbox.snapshot();
      const nowMs = sandbox.clock.now();
      const bucket = { startMs: Math.floor(nowMs / 86_400_000) * 86_400_000, used: 10_000 };
      const name = `${sandbox.parent().apiKeyId} day`;
      const buckets = { ...state.ephemeral.buckets, [name]: bucket };
      sandbox.restore({ ...state, ephemeral: { ...state.ephemeral, buckets } });
    },
  };
}

/** The share of the quota that was used between two virtual times. */
export function shareUsed(times: readonly number[], limit: number, from: number, until: number): number {
  const inside = times.filter((at) => at >= from && at < until).length;
  return inside / ((limit * (until - from)) / 60_000);
}
