import { type Fields, readFields } from '../fields.ts';
import type { HandResult, Hands } from '../hands.ts';
import type { Sandbox } from '../sandbox.ts';
import { balanceOf, walletOf } from '../wallet.ts';
import { openWorld } from '../world.ts';
import { readFaultRule } from './read-fault.ts';

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

const PREFIX = '/__sandbox/';

/** The routes for the person who plays; they exist in the listening server only. */
export function isControlPath(path: string): boolean {
  return path.startsWith(PREFIX);
}

const done = (body: unknown = { done: true }): ControlAnswer => ({ status: 200, body });
const wrong = (message: string, status = 422): ControlAnswer => ({ status, body: { done: false, message } });

type Handler = (sandbox: Sandbox, fields: Fields, body: unknown) => ControlAnswer;

/** Reads the fields a hand needs, then lets it work. */
function hand(
  needs: readonly ('organizationId' | 'credits')[],
  work: (hands: Hands, asked: Asked) => HandResult,
): Handler {
  return (sandbox, fields) => {
    fields.require(...needs);
    const organizationId = fields.text('organizationId', { min: 1, max: 64 }) ?? '';
    const credits = fields.integer('credits', 1) ?? 0;
    if (fields.problems.length > 0) return wrong(sentence(fields));
    const result = work(sandbox.hands, { organizationId, credits });
    return result.done ? done() : wrong(result.refusal.message, result.refusal.status);
  };
}

interface Asked {
  readonly organizationId: string;
  readonly credits: number;
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET state': (sandbox) => done(summary(sandbox)),
  'GET operations': (sandbox) => done(sandbox.snapshot().operations),
  'GET requests': (sandbox) => done(sandbox.requests()),
  'GET faults': (sandbox) => done(sandbox.faults.list()),
  'POST faults': (sandbox, _fields, body) => {
    const rule = readFaultRule(body);
    if ('problem' in rule) return wrong(rule.problem);
    sandbox.faults.add(rule);
    return done(sandbox.faults.list());
  },
  'DELETE faults': (sandbox) => {
    sandbox.faults.clear();
    return done();
  },
  'POST clock': (sandbox, fields) => {
    fields.require('advanceMs');
    const advanceMs = fields.integer('advanceMs', 0);
    if (advanceMs === undefined) return wrong(sentence(fields));
    sandbox.clock.advance(advanceMs);
    return done({ now: new Date(sandbox.clock.now()).toISOString() });
  },
  'POST fund': hand(['credits'], (hands, { credits }) => hands.fundParent(credits)),
  'POST spend': hand(['organizationId', 'credits'], (hands, asked) => hands.spend(asked.organizationId, asked.credits)),
  'POST reserve': hand(['organizationId', 'credits'], (hands, asked) =>
    hands.reserve(asked.organizationId, asked.credits),
  ),
  'POST transfer': hand(['organizationId', 'credits'], (hands, asked) =>
    hands.foreignTransfer(asked.organizationId, asked.credits),
  ),
  'POST suspend': hand(['organizationId'], (hands, { organizationId }) => hands.suspend(organizationId)),
  'POST resume': hand(['organizationId'], (hands, { organizationId }) => hands.resume(organizationId)),
  'POST receiver': (sandbox, fields) => {
    fields.require('endpointId');
    const endpointId = fields.text('endpointId', { min: 1, max: 64 }) ?? '';
    const status = fields.integer('status', 100);
    const error = fields.text('error', { min: 1, max: 200 });
    if ((status === undefined) === (error === undefined))
      fields.problems.push({ field: 'status', message: 'or error is needed, one of the two' });
    if (fields.problems.length > 0) return wrong(sentence(fields));
    const result = sandbox.hands.answerWebhook(endpointId, error === undefined ? { status: status ?? 0 } : { error });
    return result.done ? done() : wrong(result.refusal.message, result.refusal.status);
  },
  'POST parent-key': (sandbox) => {
    const result = sandbox.hands.addParentKey();
    if (!result.done) return wrong(result.refusal.message, result.refusal.status);
    const { id, secret } = result.apiKey;
    return done({ done: true, apiKeyId: id, secret });
  },
  'POST archive': hand(['organizationId'], (hands, { organizationId }) => hands.archive(organizationId)),
};

/** Answers a control request. An unknown one is a 404 that names those there are. */
export function control(sandbox: Sandbox, method: string, path: string, text: string): ControlAnswer {
  const handler = HANDLERS[`${method} ${path.slice(PREFIX.length)}`];
  if (!handler) return wrong(`There is no ${method} ${path}. There are: ${Object.keys(HANDLERS).join(', ')}.`, 404);
  let body: unknown = {};
  try {
    if (text !== '') body = JSON.parse(text);
  } catch {
    return wrong('The body is not JSON.');
  }
  return handler(sandbox, readFields(body), body);
}

function sentence({ problems }: Fields): string {
  return problems.map(({ field, message }) => `${field} ${message}`).join('; ');
}

/** What a person wants to see at a glance; no secret in it. */
function summary(sandbox: Sandbox): unknown {
  const state = sandbox.snapshot();
  const world = openWorld(state);
  const nowMs = sandbox.clock.now();
  const describe = (id: string, name: string, status: string) => {
    const wallet = walletOf(world, id, nowMs);
    const keys = [...world.apiKeys.of(id)].filter((key) => key.status === 'active').length;
    return { id, name, status, balance: balanceOf(wallet), reserved: wallet.reservedCredits, activeKeys: keys };
  };
  const organizations = state.organizations.map(({ id, name, status }) => describe(id, name, status));
  return {
    now: new Date(nowMs).toISOString(),
    parent: organizations.find(({ id }) => id === state.parentOrganizationId),
    organizations: organizations.filter(({ id }) => id !== state.parentOrganizationId),
    webhookEndpoints: state.webhookEndpoints.length,
    operations: state.operations.length,
    faults: sandbox.faults.list().length,
  };
}
