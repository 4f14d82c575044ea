import type { ApiKey, OrganizationWithSummary } from '../api.ts';
import { readCustomer } from '../declaration/read.ts';
import { printable, quoted } from '../declaration/yaml/printable.ts';
import { organizationMark } from '../marker.ts';
import { formatCredits } from '../money.ts';
import { isLive } from '../resources/api-key-facts.ts';
import { looksLikeSecret } from '../secret-shape.ts';
import { yamlLines } from '../yaml-text.ts';
import type { Allocated, UnmarkedAllocations } from './allocations.ts';

/** What is known of an organization that gets a file. */
export interface ImportFacts {
  readonly organization: OrganizationWithSummary;
  readonly externalId: string;
  readonly incarnation: number;
  /** Credits that count as granted by hand; null for an organization that this tool made. */
  readonly baseline: number | null;
  /** Baseline + the sum of the marked grants. */
  readonly granted: number;
  readonly unmarked: UnmarkedAllocations;
  /** All keys of the organization. */
  readonly keys: readonly ApiKey[];
  /** Ids of the keys whose secret the store holds. */
  readonly held: ReadonlySet<string>;
  /** RFC 3339, UTC: what `createdAfter` is offered. */
  readonly now: string;
  /** Members that reconcile.yaml gives a default: they are written even where there is nothing to say. */
  readonly defaulted: ReadonlySet<string>;
}

/**
 * The file that declares an organization as it is, so that its first pass moves nothing and mints nothing. Everything in
 * it that came from the API is quoted where YAML might read it as something else; what no file can say is left out, and
 * said in a comment.
 */
export function customerText(facts: ImportFacts): string {
  const { organization, externalId, incarnation, granted } = facts;
  const { creditConfig } = organization.summary;
  const { refillThreshold: threshold, refillAmount: amount } = creditConfig;
  const lines = [
    '# yaml-language-server: $schema=../schemas/customer.schema.json',
    '#',
    `# Written by \`reconcile import\` for organization ${organization.id}.`,
    ...yamlLines({ externalId }, ''),
    ...nameLines(organization.name),
    ...billingEmailLines(facts),
    ...metadataLines(facts),
    ...(incarnation === 1 ? [] : [`incarnation: ${incarnation}`]),
    ...stateLines(facts),
    `credits: ${granted} # granted so far; raising it grants the difference: real money`,
    ...yamlLines({ cap: creditConfig.monthlyCreditCap }, ''),
    ...yamlLines({ refill: threshold === null || amount === null ? null : { threshold, amount } }, ''),
    ...adoptLines(facts),
    ...keyLines(facts),
  ];
  return `${lines.join('\n')}\n`;
}

const HEAD = 'externalId: a\nname: A\n';

/** Whether a file may say this. */
function isSayable(lines: readonly string[], head = HEAD): boolean {
  return whyNot(lines, head) === null;
}

function whyNot(lines: readonly string[], head = HEAD): string | null {
  const reading = readCustomer('', `${head}${lines.join('\n')}\n`);
  return reading.ok ? null : (reading.problems[0]?.message ?? 'It cannot be read.');
}

function nameLines(name: string): readonly string[] {
  const lines = yamlLines({ name }, '');
  if (isSayable(lines, 'externalId: a\n')) return lines;
  const closest = printable(name).replaceAll('·', ' ').replace(/\s+/g, ' ').trim();
  return [
    '# The name of the organization holds what no file may say. This is the closest one; the first pass changes it to this.',
    ...yamlLines({ name: closest === '' ? 'Unnamed' : closest }, ''),
  ];
}

function billingEmailLines({ organization: { billingEmail }, defaulted }: ImportFacts): readonly string[] {
  if (billingEmail === null) return defaulted.has('billingEmail') ? ['billingEmail: null'] : [];
  const lines = yamlLines({ billingEmail }, '');
  return isSayable(lines) ? lines : [`# Its billing email is left out, which no file may say: ${quoted(billingEmail)}`];
}

function metadataLines({ organization, defaulted }: ImportFacts): readonly string[] {
  const marks: ReadonlySet<string> = new Set(Object.values(organizationMark));
  const own = Object.entries(organization.metadata).filter(([name]) => !marks.has(name));
  const sayable = own.filter(
    ([name, value]) =>
      value !== '' && !looksLikeSecret(value) && isSayable(yamlLines({ metadata: { [name]: value } }, '')),
  );
  const lines = yamlLines({ metadata: Object.fromEntries(sayable) }, '');
  if (!isSayable(lines))
    return [
      `# Its ${own.length} keys of metadata are more than a file may declare: they are left out, and stay as they are.`,
    ];
  const leftOut = own.filter((entry) => !sayable.includes(entry)).map(([name]) => quoted(name));
  return [
    ...(leftOut.length === 0 ? [] : [`# Metadata that no file may declare stays as it is: ${leftOut.join(', ')}`]),
    ...(sayable.length > 0 || defaulted.has('metadata') ? lines : []),
  ];
}

function stateLines({ organization, externalId }: ImportFacts): readonly string[] {
  if (organization.status !== 'suspended') return [];
  if (organization.metadata[organizationMark.suspended] === '1') return ['state: suspended'];
  return [
    '# Somebody suspended it by hand, and nothing is written for it (SuspendedByHand) until somebody runs',
    `# \`reconcile resume ${externalId}\`.`,
  ];
}

function adoptLines({ organization, baseline, unmarked }: ImportFacts): readonly string[] {
  if (baseline === null) return [];
  const adopt = yamlLines({ adopt: { organizationId: organization.id, grantedCredits: baseline } }, '');
  if (organization.metadata[organizationMark.baseline] !== undefined) return adopt;
  const { byHand, refills, unclear } = unmarked;
  const counted = (what: Allocated, name: string) =>
    what.count === 0 ? [] : [`#   ${formatCredits(what.credits)} credits ${name}`];
  const seen = [
    ...counted(byHand, `in transfers by hand (${byHand.count}): counted`),
    ...counted(refills, `in automatic refills (${refills.count}): not counted`),
    ...counted(unclear, `in entries that do not say what they are (${unclear.count}): counted`),
  ];
  return [
    '# It was made by hand, and is taken over. `grantedCredits` is what it was given by hand so far. CHECK IT before the first',
    '# pass, and `credits` above with it: it is written onto the organization once, and counts ever after. The ledger shows',
    ...(seen.length === 0 ? ['#   no credits that came from the parent'] : seen),
    ...adopt,
  ];
}

/**
 * A live key whose secret the store holds is declared. Every other one stands there as a comment: an entry whose secret is
 * nowhere would be `SecretMissing`, and only a person can say whether somebody still uses the old secret (I3, I5).
 */
function keyLines({ keys, held, now }: ImportFacts): readonly string[] {
  const live = keys.filter(isLive);
  const entries = live.map((key): Entry => ({ key, problem: problemOf(key, live) }));
  const sayable = entries.filter(({ problem }) => problem === null).map(({ key }) => key);
  const declared = sayable.filter(({ id }) => held.has(id));
  const offered = sayable.filter(({ id }) => !held.has(id));
  const unsayable = entries.flatMap(({ key, problem }) =>
    problem === null
      ? []
      : [`# Key ${quoted(key.name)} (${printable(key.prefix)}) cannot be declared: ${printable(problem)}`],
  );
  return [
    ...(declared.length === 0 ? [] : ['keys:', ...declared.flatMap((key) => entryLines(key, {}))]),
    ...(offered.length === 0 ? [] : OFFER),
    ...(offered.length === 0 || declared.length > 0 ? [] : ['#keys:']),
    ...offered.flatMap((key) => entryLines(key, { createdAfter: now }).map((line) => `#${line}`)),
    ...unsayable,
  ];
}

const OFFER: readonly string[] = [
  '# Keys that are live, and whose secrets are not known here and cannot be shown again. As long as they stand here as',
  '# comments they are reported (UndeclaredKey) and left alone. Uncomment one to bring it under management: because of',
  '# `createdAfter` the next pass rotates it, its new secret is stored, and the old one works for 24 more hours.',
];

interface Entry {
  readonly key: ApiKey;
  /** Why no file may declare it. */
  readonly problem: string | null;
}

function problemOf(key: ApiKey, live: readonly ApiKey[]): string | null {
  const folded = (name: string) => name.normalize('NFC').toLowerCase();
  const sameName = live.filter(({ name }) => folded(name) === folded(key.name));
  if (sameName.length > 1) return 'another live key has the same name; revoke the one that is not in use.';
  return whyNot(['keys:', ...entryLines(key, {})]);
}

function entryLines({ name, scopes, env }: ApiKey, more: { readonly createdAfter?: string }): readonly string[] {
  const [first = '', ...rest] = yamlLines({ name, scopes, env, ...more }, '    ');
  return [`  - ${first.trimStart()}`, ...rest];
}
