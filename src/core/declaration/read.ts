import { type CustomerDeclaration, customerSchema } from './customer.ts';
import type { Finding, Synonym } from './explain-issue.ts';
import { type GoodReading, isRecord, type Reading, type Root, readDeclaration } from './reading.ts';
import { nearest } from './suggest.ts';
import { type WorkspaceDeclaration, workspaceSchema } from './workspace.ts';
import { readYaml } from './yaml/read-yaml.ts';
import { sourceText } from './yaml/source-text.ts';
import { pointerOf } from './yaml/tree.ts';

/** Reads a file below `customers/`. `file` is its path for messages; `text` may begin with a byte order mark. */
export function readCustomer(file: string, text: string): Reading<CustomerDeclaration> {
  const source = sourceText(file, text);
  const yaml = readYaml(source);
  return readDeclaration(source, yaml, {
    schema: customerSchema,
    members: withoutStatus,
    status: (root) => root['status'],
    extraFindings: customerStatusFindings,
    firstLine: 'externalId: acme-coffee',
    synonyms: customerSynonyms,
    instantsOf: ({ keys }) => keys.map(({ createdAfter }, index) => [`/keys/${index}/createdAfter`, createdAfter]),
  });
}

/** Reads `reconcile.yaml`. */
export function readWorkspace(file: string, text: string): Reading<WorkspaceDeclaration> {
  const source = sourceText(file, text);
  const yaml = readYaml(source);
  // Everything has a default: a file that holds only comments is the workspace of a newcomer.
  if (yaml.problems.every(({ code }) => code === 'EmptyFile') && yaml.tree === null) return emptyWorkspace();
  return readDeclaration(source, yaml, {
    schema: workspaceSchema,
    members: (root) => ({ ...withoutStatus(root), ...statusSettings(root) }),
    status: recordedFleetStatus,
    extraFindings: fleetStatusFindings,
    firstLine: 'webhooks: []',
    synonyms: workspaceSynonyms,
    instantsOf: ({ webhooks }) =>
      webhooks.map(({ secretCreatedAfter }, index) => [`/webhooks/${index}/secretCreatedAfter`, secretCreatedAfter]),
  });
}

/** The workspace of defaults, for a missing or empty `reconcile.yaml`. */
export function emptyWorkspace(): GoodReading<WorkspaceDeclaration> {
  const declaration = workspaceSchema.parse({});
  return { ok: true, declaration, positions: new Map(), status: undefined, instants: [] };
}

function withoutStatus(root: Root): Root {
  return Object.fromEntries(Object.entries(root).filter(([name]) => name !== 'status'));
}

function customerStatusFindings({ status }: Root): readonly Finding[] {
  if (status === undefined || status === null || isRecord(status)) return [];
  return [
    {
      pointer: '/status',
      place: 'key',
      code: 'WrongType',
      message: 'status is written by the reconciler and must be a map.',
      hint: 'Remove it. To suspend or archive a customer, set state.',
    },
  ];
}

/**
 * `status:` in reconcile.yaml holds settings of ours to read, and beside them the recorded status of the fleet when
 * the inline store writes it there.
 */
export const statusSettingNames: readonly string[] = ['store', 'directory', 'branch', 'remote'];

function statusSettings({ status }: Root): Root {
  if (status === undefined || status === null) return {};
  if (!isRecord(status)) return { status };
  return { status: Object.fromEntries(Object.entries(status).filter(([name]) => statusSettingNames.includes(name))) };
}

function recordedFleetStatus({ status }: Root): unknown {
  if (!isRecord(status)) return undefined;
  const recorded = Object.entries(status).filter(([name]) => !statusSettingNames.includes(name));
  return recorded.length === 0 ? undefined : Object.fromEntries(recorded);
}

function fleetStatusFindings({ status }: Root): readonly Finding[] {
  if (!isRecord(status)) return [];
  return Object.keys(status).flatMap((name): Finding[] => {
    const meant = statusSettingNames.includes(name) ? null : nearest(name, statusSettingNames);
    if (meant === null) return [];
    return [
      {
        pointer: pointerOf(['status', name]),
        place: 'key',
        code: 'UnknownField',
        message: `status.${name} is not a setting that exists.`,
        hint: `Did you mean ${meant}?`,
      },
    ];
  });
}

const belongsToWorkspace = ['webhooks', 'guards', 'defaults', 'daemon', 'secrets', 'parentOrganizationId', 'apiKeyId'];
const madeByTheApi =
  'The API makes the secret and the secret store keeps it; never write one into a file. If this one is real, rotate it.';
const tokenFromOutside =
  'Give the token in LAYERS_API_KEY or LAYERS_API_KEY_FILE, never in a file of the workspace. If this one is real, rotate it.';

const customerSynonyms: ReadonlyMap<string, Synonym> = new Map<string, Synonym>([
  ['id', { means: 'externalId' }],
  ['email', { means: 'billingEmail' }],
  ['monthlyCreditCap', { means: 'cap' }],
  ['monthlyCap', { means: 'cap' }],
  ['autoRefill', { means: 'refill' }],
  ['refill.autoRefillThreshold', { means: 'threshold' }],
  ['refill.autoRefillAmount', { means: 'amount' }],
  ['apiKeys', { means: 'keys' }],
  ['balance', 'Write credits: the total that is ever granted. The balance itself is nobody’s to set.'],
  ['customers', 'One file declares one customer: put each into a file of its own.'],
  ['customer', 'Remove this line, and the indentation of the lines below it.'],
  ['spec', 'Remove this line, and the indentation of the lines below it.'],
  ['keys.secret', madeByTheApi],
  ['keys.key', madeByTheApi],
  ['keys.expiresAt', 'Keys do not expire; createdAfter rotates one, state: revoked ends it.'],
  ...belongsToWorkspace.map((name): [string, Synonym] => [
    name,
    `${name} belongs in reconcile.yaml, once for all customers.`,
  ]),
]);

const workspaceSynonyms: ReadonlyMap<string, Synonym> = new Map<string, Synonym>([
  ['webhook', 'Did you mean webhooks? It is a list.'],
  ['webhooks.secret', madeByTheApi],
  ['webhooks.signingSecret', madeByTheApi],
  ['webhooks.enabled', 'Write state: active, or state: paused.'],
  ['token', tokenFromOutside],
  ['apiKey', tokenFromOutside],
  ['baseUrl', 'Set LAYERS_BASE_URL.'],
  ...['externalId', 'name', 'credits', 'keys', 'state', 'incarnation', 'adopt'].flatMap((name): [string, Synonym][] => [
    [name, `${name} belongs in a customer’s file below customers/.`],
    [`defaults.${name}`, `${name} has no default: write it into each customer’s file.`],
  ]),
  ...['cap', 'refill', 'billingEmail', 'metadata'].map((name): [string, Synonym] => [
    name,
    `Put ${name} below defaults to give it to every customer.`,
  ]),
]);
