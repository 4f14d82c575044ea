import { createSandbox, type Fault, type Sandbox, type SandboxOptions } from '../../src/sandbox/index.ts';

/** What the tests look at in answers, all of it together: each test knows which of it is there. */
interface Body {
  readonly id: string;
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly balance: number;
  readonly available: number;
  readonly prepaidBalance: number;
  readonly replayed: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly archivedAt: string;
  readonly config: { readonly autoRefillEnabled: boolean };
  readonly summary: Readonly<Record<string, unknown>>;
  readonly apiKey: Body & { readonly prefix: string };
  readonly endpoint: Body;
  readonly secret: string;
  readonly signingSecret: string;
  readonly items: readonly Body[];
  readonly nextCursor: string | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly requestId: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

export interface Reply {
  readonly status: number;
  readonly body: Body;
  readonly headers: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly key?: string;
  readonly token?: string;
  readonly inside?: string;
  readonly fault?: Fault;
  readonly text?: string;
}

export interface Driver {
  readonly sandbox: Sandbox;
  readonly call: (method: string, path: string, body?: unknown, options?: CallOptions) => Reply;
  /** A child organization's id. */
  readonly child: (name?: string) => string;
  /** Allocates credits; fails the test when the sandbox refuses. */
  readonly fund: (organizationId: string, credits: number, key?: string) => Reply;
  /** A minted key of a child. */
  readonly key: (organizationId: string, name?: string) => { id: string; secret: string };
}

export function drive(options: SandboxOptions = {}): Driver {
  const sandbox = createSandbox({ tier: 'unlimited', ...options });
  let keys = 0;
  function call(method: string, path: string, body?: unknown, given: CallOptions = {}): Reply {
    const text = given.text ?? (body === undefined ? undefined : JSON.stringify(body));
    const request = {
      method,
      path,
      headers: {
        authorization: `Bearer ${given.token ?? sandbox.parent().token}`,
        ...(given.key !== undefined && { 'idempotency-key': given.key }),
        ...(given.inside !== undefined && { 'x-layers-organization': given.inside }),
      },
      ...(text !== undefined && { body: text }),
    };
    const answer = given.fault ? sandbox.handle(request, given.fault) : sandbox.handle(request);
    if (answer.kind !== 'response') throw new Error(`expected an answer, got ${answer.kind}`);
    return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) };
  }
  function fund(organizationId: string, credits: number, key?: string): Reply {
    keys += 1;
    const path = `/v1/organizations/${organizationId}/credits/allocate`;
    const reply = call('POST', path, { credits }, { key: key ?? `fund-${keys}` });
    if (reply.status >= 300) throw new Error(`allocate answered ${reply.status} ${reply.body.error.message}`);
    return reply;
  }
  return {
    sandbox,
    call,
    fund,
    child: (name = 'Acme Coffee') => call('POST', '/v1/organizations', { name }).body.id,
    key: (organizationId, name = 'integration') => {
      const body = { name, scopes: ['content:read'] };
      const reply = call('POST', `/v1/organizations/${organizationId}/api-keys`, body);
      return { id: reply.body.apiKey.id, secret: reply.body.secret };
    },
  };
}
