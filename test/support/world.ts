import { KEY_NAMESPACE } from '../../src/core/idempotency.ts';
import type { PassReport } from '../../src/core/report.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Chance, nameUuid, sha256 } from '../../src/effects/chance.ts';
import type { Clock } from '../../src/effects/clock.ts';
import { createFileJournal } from '../../src/effects/file-journal.ts';
import { createLayersClient, createLayersReader } from '../../src/effects/layers/layers-client.ts';
import type { Pacer } from '../../src/effects/layers/pacer.ts';
import type { Transport, WireRequest } from '../../src/effects/layers/transport.ts';
import { createFileSecretStore } from '../../src/effects/secrets/file-store.ts';
import { createDirectorySource } from '../../src/effects/source/directory-source.ts';
import { createDirectoryStatusStore } from '../../src/effects/status/directory-store.ts';
import { createInlineStatusStore } from '../../src/effects/status/inline-store.ts';
import type { Effects } from '../../src/engine/context.ts';
import { type PassOptions, runPass } from '../../src/engine/pass.ts';
import type { ProgressEvent } from '../../src/engine/progress.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/index.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from './memory-filesystem.ts';
import { sandboxTransport } from './sandbox-transport.ts';

/** Where the workspace lies on the disk in memory. */
export const WORKSPACE = '/workspace';

/** A workspace on a disk in memory beside a sandbox in the same process, in virtual time: all but the command line. */
export interface World {
  readonly sandbox: Sandbox;
  readonly disk: MemoryFileSystem;
  readonly clock: Clock;
  /** Requests since the last {@link World.forgetRequests}, oldest first. */
  readonly requests: WireRequest[];
  readonly events: ProgressEvent[];
  forgetRequests(): void;
  /** Writes or replaces `customers/<name>`. */
  declare(name: string, yaml: string): void;
  pass(options?: Partial<PassOptions> & { readonly dryRun?: boolean }): Promise<PassReport>;
  effects(dryRun?: boolean): Effects;
}

/** A pass of everybody, read in full, where some effects are others. */
export function passWith(world: Pick<World, 'effects'>, changed: Partial<Effects>): Promise<PassReport> {
  return runPass({ ...world.effects(), ...changed }, passOptions({ full: true, concurrency: 1 }));
}

function passOptions(overrides: Partial<PassOptions>): PassOptions {
  return {
    customers: [],
    full: false,
    concurrency: 4,
    approved: [],
    bindingRequired: true,
    confirm: async () => true,
    signal: new AbortController().signal,
    ...overrides,
  };
}

export interface WorldOptions extends SandboxOptions {
  readonly sandbox?: Sandbox;
  readonly disk?: MemoryFileSystem;
  /** Time that passes by itself; without it whoever sleeps moves the sandbox's on. */
  readonly clock?: Clock;
  readonly pacer?: Pacer;
  /** Stands between the client and the sandbox. */
  readonly transport?: (inner: Transport) => Transport;
  /** Default: inline, as for users. */
  readonly statusStore?: 'inline' | 'directory';
  /** `reconcile.yaml` below the two lines that bind the workspace. */
  readonly workspaceYaml?: string;
}

export function createWorld(options: WorldOptions = {}): World {
  const { clock: ownClock } = options;
  const sandbox = options.sandbox ?? createSandbox(ownClock ? { ...options, now: () => ownClock.now() } : options);
  const disk = options.disk ?? createMemoryFileSystem();
  const requests: WireRequest[] = [];
  const events: ProgressEvent[] = [];
  const clock = ownClock ?? sandboxClock(sandbox);
  const chance = countingChance();
  if (!options.disk) {
    const { organizationId, apiKeyId } = sandbox.parent();
    const binding = `parentOrganizationId: ${organizationId}\napiKeyId: ${apiKeyId}\n`;
    disk.plant(`${WORKSPACE}/reconcile.yaml`, binding + (options.workspaceYaml ?? ''));
    disk.plantDirectory(`${WORKSPACE}/.reconcile`, 0o700);
  }
  const inner = sandboxTransport(sandbox, (request) => requests.push(request));
  const transport = options.transport?.(inner) ?? inner;

  function effects(dryRun = false): Effects {
    const { pacer } = options;
    const token = () => new Secret(sandbox.parent().token);
    const clientOptions = { transport, token, clock, chance, ...(pacer ? { pacer } : {}) };
    const client = dryRun ? null : createLayersClient(clientOptions);
    return {
      reader: client ?? createLayersReader(clientOptions),
      writer: client,
      source: createDirectorySource({ workspaceDirectory: WORKSPACE, clock, fileSystem: disk }),
      statuses:
        options.statusStore === 'directory'
          ? createDirectoryStatusStore({ directory: `${WORKSPACE}/status`, fileSystem: disk, chance })
          : createInlineStatusStore({ workspaceDirectory: WORKSPACE, fileSystem: disk, chance }),
      secrets: createFileSecretStore({
        directory: `${WORKSPACE}/.reconcile/secrets`,
        displayDirectory: '.reconcile/secrets',
        fileSystem: disk,
        chance,
      }),
      journal: createFileJournal(`${WORKSPACE}/.reconcile/journal.jsonl`, disk),
      clock,
      chance,
      hash: sha256,
      nameUuid: (name) => nameUuid(KEY_NAMESPACE, name),
      requests: () => {
        const read = requests.filter(({ method }) => method === 'GET').length;
        return { read, write: requests.length - read };
      },
      progress: (event) => events.push(event),
    };
  }

  return {
    sandbox,
    disk,
    clock,
    requests,
    events,
    effects,
    forgetRequests: () => requests.splice(0),
    declare: (name, yaml) => disk.plant(`${WORKSPACE}/customers/${name}`, yaml),
    pass: ({ dryRun = false, ...overrides } = {}) => runPass(effects(dryRun), passOptions(overrides)),
  };
}

/** The sandbox's own virtual time; who sleeps on it moves it on. */
function sandboxClock(sandbox: Sandbox): Clock {
  const startMs = sandbox.clock.now();
  return {
    now: () => sandbox.clock.now(),
    monotonic: () => sandbox.clock.now() - startMs,
    sleep: async (ms) => sandbox.clock.advance(ms),
  };
}

function countingChance(): Chance {
  let count = 0;
  return {
    random: () => 0.5,
    uuid: () => {
      count += 1;
      return `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`;
    },
  };
}

/** The public guide's customer. */
export const ACME = `externalId: acme-coffee
name: Acme Coffee
billingEmail: ops@acme.example
metadata: { plan: growth }
credits: 5000
cap: 5000
refill: { threshold: 1000, amount: 2000 }
keys:
  - name: acme-integration
    scopes: [content:read, content:write]
`;

export const FIREHOSE = `webhooks:
  - name: firehose
    url: https://hooks.partner.example/layers
    events: [content.generated, post.published]
`;
