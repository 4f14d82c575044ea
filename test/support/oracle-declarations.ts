import { parse } from 'yaml';

/** What a customer file asks for, read without any of the project's own code. */
export interface DeclaredCustomer {
  readonly externalId: string;
  readonly incarnation: number;
  readonly credits: number;
  /** undefined: not managed. */
  readonly cap: number | null | undefined;
  readonly refill: { readonly threshold: number; readonly amount: number } | null | undefined;
  readonly keys: readonly DeclaredKey[];
  readonly state: string;
  /** Credits given by hand to the organization that was taken over for this incarnation; 0 for a later one. */
  readonly adopted: number;
  readonly adoptedId: string | null;
}

export interface DeclaredKey {
  readonly name: string;
  /** Sorted and joined, so that two sets are equal when the texts are. */
  readonly scopes: string;
  readonly env: string;
  readonly state: string;
  readonly createdAfter: string | null;
}

/** Everything that was ever asked for, as oracles need it: by file now, by customer over time. */
export interface Declarations {
  /** From here on the file says this; null: it is gone. */
  set(file: string, text: string | null): void;
  /** The accepted versions of a customer, oldest first. A version counts while no other file claims the identity. */
  versions(externalId: string): readonly DeclaredCustomer[];
  current(externalId: string): DeclaredCustomer | null;
  /** Identities that two files claim, in lower case: nothing may be written for them. */
  isFrozen(externalId: string): boolean;
  textOf(file: string): string | null;
  files(): Iterable<string>;
  webhookNames(): ReadonlySet<string>;
  /** Webhooks that some version declared `state: deleted`. */
  deletedWebhooks(): ReadonlySet<string>;
}

export function createDeclarations(): Declarations {
  const texts = new Map<string, string>();
  const byFile = new Map<string, DeclaredCustomer>();
  const history = new Map<string, DeclaredCustomer[]>();
  const latest = new Map<string, DeclaredCustomer>();
  const webhooks = new Set<string>();
  const deletedWebhooks = new Set<string>();

  const claims = (externalId: string): number => {
    let count = 0;
    for (const { externalId: other } of byFile.values())
      if (other.toLowerCase() === externalId.toLowerCase()) count += 1;
    return count;
  };
  const accept = () => {
    for (const declared of byFile.values()) {
      if (claims(declared.externalId) > 1) continue;
      const versions = history.get(declared.externalId);
      if (!versions) history.set(declared.externalId, [declared]);
      else if (latest.get(declared.externalId) !== declared) versions.push(ofIncarnation(declared, versions));
      latest.set(declared.externalId, declared);
    }
  };

  return {
    set(file, text) {
      if (text === null) texts.delete(file);
      else texts.set(file, text);
      if (file === 'reconcile.yaml') {
        for (const { name, state } of read(text ?? '').webhooks) {
          webhooks.add(name);
          if (state === 'deleted') deletedWebhooks.add(name);
        }
        return;
      }
      const { customer } = read(text ?? '');
      if (customer) byFile.set(file, customer);
      else byFile.delete(file);
      accept();
    },
    versions: (externalId) => history.get(externalId) ?? [],
    current: (externalId) => history.get(externalId)?.at(-1) ?? null,
    isFrozen: (externalId) => claims(externalId) > 1,
    textOf: (file) => texts.get(file) ?? null,
    files: () => texts.keys(),
    webhookNames: () => webhooks,
    deletedWebhooks: () => deletedWebhooks,
  };
}

/** An `adopt` that is still in the file of a customer that came back speaks of the organization it had before. */
function ofIncarnation(declared: DeclaredCustomer, versions: readonly DeclaredCustomer[]): DeclaredCustomer {
  const { adoptedId, incarnation } = declared;
  const isOver = versions.some((one) => one.adoptedId === adoptedId && one.incarnation < incarnation);
  return adoptedId !== null && isOver ? { ...declared, adopted: 0 } : declared;
}

interface Read {
  readonly customer: DeclaredCustomer | null;
  readonly webhooks: readonly { readonly name: string; readonly state: string }[];
}

/** Suites declare the same few texts a million times. */
const memory = new Map<string, Read>();
const MEMORY_MAX = 5_000;

function read(text: string): Read {
  const known = memory.get(text);
  if (known) return known;
  if (memory.size > MEMORY_MAX) memory.clear();
  const made = parseText(text);
  memory.set(text, made);
  return made;
}

function parseText(text: string): Read {
  let root: unknown;
  try {
    root = parse(text);
  } catch {
    root = null;
  }
  const fields = members(root);
  const webhooks = list(fields['webhooks']).map((entry) => ({
    name: plain(members(entry)['name']),
    state: plain(members(entry)['state'], 'active'),
  }));
  const externalId = fields['externalId'];
  if (typeof externalId !== 'string') return { customer: null, webhooks };
  return { customer: customerOf(externalId, fields), webhooks };
}

function customerOf(externalId: string, fields: Members): DeclaredCustomer {
  const refill = fields['refill'];
  const cap = fields['cap'];
  return {
    externalId,
    incarnation: Number(fields['incarnation'] ?? 1),
    credits: Number(fields['credits'] ?? 0),
    cap: cap === undefined || cap === null ? cap : Number(cap),
    refill:
      refill === undefined || refill === null
        ? refill
        : { threshold: Number(members(refill)['threshold']), amount: Number(members(refill)['amount']) },
    keys: list(fields['keys']).map((entry) => {
      const { name, scopes, env, state, createdAfter } = members(entry);
      return {
        name: plain(name),
        scopes: scopeText(list(scopes).map((scope) => plain(scope))),
        env: plain(env, 'live'),
        state: plain(state, 'active'),
        createdAfter: createdAfter === undefined ? null : plain(createdAfter),
      };
    }),
    state: plain(fields['state'], 'active'),
    adopted: Number(members(fields['adopt'])['grantedCredits'] ?? 0),
    adoptedId: fields['adopt'] === undefined ? null : plain(members(fields['adopt'])['organizationId']),
  };
}

export function scopeText(scopes: readonly string[]): string {
  return [...new Set(scopes)].sort().join(' ');
}

function plain(value: unknown, otherwise = ''): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise;
}

type Members = Readonly<Record<string, unknown>>;

function members(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
