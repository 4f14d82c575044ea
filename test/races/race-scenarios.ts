import { createSandbox, type Sandbox, type SandboxState } from '../../src/sandbox/index.ts';
import { sandboxTransport } from '../support/sandbox-transport.ts';
import type { Run } from './explore.ts';
import { createOracle, type Declared, type Oracle, Violation } from './oracle.ts';
import { bindingTo, copyOf, createPlace, type Place, passAt } from './place.ts';
import { startRace } from './race.ts';
import { settle } from './settle.ts';

/** The customer that writers race about, as far as it matters to a race. */
interface Spec {
  readonly name?: string;
  readonly credits?: number;
  readonly scopes?: readonly string[];
}

export interface RaceScenario {
  readonly title: string;
  /** What was onboarded before the race begins; null = nothing. */
  readonly before: Spec | null;
  /** What each writer reads; they may disagree. */
  readonly specs: readonly Spec[];
  readonly disks: 'own' | 'shared';
  /** Conditions that the last declaration may leave to a person. */
  readonly needsPerson?: readonly string[];
}

const externalId = 'acme-coffee';
const keyName = 'integration';
const content = ['content:read', 'content:write'];

const same = (spec: Spec): readonly Spec[] => [spec, spec];

/** The three steps that may never happen twice, each by two writers that agree and by two that do not. */
export const raceScenarios: readonly RaceScenario[] = [
  { title: 'create, same files', before: null, specs: same({}), disks: 'own' },
  { title: 'create, same files, one disk', before: null, specs: same({}), disks: 'shared' },
  { title: 'create, another name', before: null, specs: [{}, { name: 'Acme Roasters' }], disks: 'own' },
  { title: 'first grant, same files', before: {}, specs: same({ credits: 5000 }), disks: 'own' },
  { title: 'first grant, same files, one disk', before: {}, specs: same({ credits: 5000 }), disks: 'shared' },
  { title: 'first grant, 5,000 and 8,000', before: {}, specs: [{ credits: 5000 }, { credits: 8000 }], disks: 'own' },
  {
    title: 'raise, 6,000 and 8,000',
    before: { credits: 5000 },
    specs: [{ credits: 6000 }, { credits: 8000 }],
    disks: 'own',
  },
  {
    title: 'raise to 8,000 against an older file',
    before: { credits: 5000 },
    specs: [{ credits: 8000 }, { credits: 5000 }],
    disks: 'own',
  },
  { title: 'mint, same files', before: {}, specs: same({ scopes: content }), disks: 'own' },
  { title: 'mint, same files, one disk', before: {}, specs: same({ scopes: content }), disks: 'shared' },
  {
    title: 'mint, other scopes',
    before: {},
    specs: [{ scopes: content }, { scopes: ['content:read'] }],
    disks: 'own',
    needsPerson: ['DuplicateKey', 'KeyOverlap', 'SecretMissing'],
  },
];

/** Daemons instead of single passes. */
export interface RaceKind {
  readonly visits?: boolean;
}

/** A race can be started again and again: what precedes it is made once. */
export interface PreparedRace {
  start(faultsMax: number): Promise<Run>;
}

export async function prepareRace(scenario: RaceScenario, kind: RaceKind = {}): Promise<PreparedRace> {
  const { state, place: prepared } = await worldBefore(scenario.before);
  return {
    start: (faultsMax) => {
      const sandbox = createSandbox({ state, requestLogMax: 0 });
      const places = placesOf(scenario, prepared, sandbox);
      const oracle = createOracle(sandbox, () => places);
      for (const spec of [...(scenario.before ? [scenario.before] : []), ...scenario.specs])
        oracle.declare(declaredOf(spec));
      return startRace({
        sandbox,
        places,
        oracle,
        faultsMax,
        ...kind,
        finish: () => finish(scenario, sandbox, places, oracle),
      });
    },
  };
}

async function worldBefore(spec: Spec | null): Promise<{ state: SandboxState; place: Place }> {
  const sandbox = createSandbox({ requestLogMax: 0 });
  const place = createPlace('A', declarationsOf(sandbox, spec ?? {}));
  if (spec) await passAt({ place, sandbox, transport: sandboxTransport(sandbox) });
  return { state: sandbox.snapshot(), place };
}

/** The first writer goes on where the past left off; another one with a disk of its own has never been here. */
function placesOf({ specs, disks }: RaceScenario, prepared: Place, sandbox: Sandbox): readonly Place[] {
  const first = copyOf(prepared);
  return specs.map((spec, index) => {
    if (disks === 'shared') {
      first.declarations = declarationsOf(sandbox, spec);
      return first;
    }
    const place = index === 0 ? first : createPlace(String.fromCodePoint(65 + index), first.declarations);
    place.declarations = declarationsOf(sandbox, spec);
    return place;
  });
}

/** Everybody reads the last declaration; nothing is paid, made or shown twice, and all is found settled. */
async function finish(
  scenario: RaceScenario,
  sandbox: Sandbox,
  places: readonly Place[],
  oracle: Oracle,
): Promise<void> {
  const needsPerson = new Set(scenario.needsPerson);
  const last = scenario.specs.at(-1) ?? {};
  for (const place of new Set(places)) {
    await oracle.afterPass(place);
    place.declarations = declarationsOf(sandbox, last);
  }
  for (const place of new Set(places)) await settle({ sandbox, place, oracle, passesMax: 3, needsPerson });
  oracle.afterStep();
  const secretless = await oracle.secretless();
  if (secretless.length > 0) throw new Violation(`I3: nobody holds the secret of ${secretless.join(', ')}`);
  const granted = sandbox
    .snapshot()
    .operations.reduce((total, { kind, credits = 0 }) => total + (kind === 'credits.allocate' ? credits : 0), 0);
  const wanted = Math.max(...scenario.specs.map(({ credits = 0 }) => credits), scenario.before?.credits ?? 0);
  // A writer that reads less never takes anything back, and one that read more may not have come to its turn.
  if (granted < (last.credits ?? 0) || granted > wanted)
    throw new Violation(`V1: ${granted} of ${wanted} were granted`);
}

function declarationsOf(sandbox: Sandbox, { name = 'Acme Coffee', credits = 0, scopes }: Spec) {
  const keys = scopes ? `keys:\n  - { name: ${keyName}, scopes: [${scopes.join(', ')}] }\n` : '';
  const text = `externalId: ${externalId}\nname: ${name}\ncredits: ${credits}\n${keys}`;
  return { workspace: bindingTo(sandbox), customers: { 'acme-coffee.yaml': text } };
}

function declaredOf({ credits = 0, scopes }: Spec): Declared {
  const keys = scopes ? [{ name: keyName, version: scopes.join(' '), state: 'active' as const }] : [];
  return { externalId, incarnation: 1, credits, keys };
}
