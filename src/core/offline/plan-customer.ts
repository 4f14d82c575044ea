import { canonicalJson, type Json } from '../canonical.ts';
import type { CustomerDeclaration, KeyDeclaration } from '../declaration/customer.ts';
import type { Notices } from '../notice.ts';
import type { RefillExposure, Step } from '../plan.ts';
import { keyPointer, type Planned, planNewCustomer } from '../plan-customer.ts';
import type { Problem } from '../problem.ts';
import { refillExposure } from '../resources/credit-config.ts';
import { creditWarnings, planGrant } from '../resources/credits.ts';
import { identityChanged } from '../resources/identification.ts';
import { planFields } from '../resources/organization.ts';
import type { SourcedCustomer } from '../source.ts';
import { type CustomerStatus, covers, isSettled, type ReadStatus } from '../status.ts';

/**
 * Plans a customer from its declaration and what is recorded about it, and nothing else: an estimate, which a pass that
 * asks the API may correct (docs/decisions/0008-offline-plans.md).
 *
 * @param earlier the declaration before a change, if there is one at hand. Where the recorded status covers it, it is what
 *   the API holds, as far as anybody knows; then what changes is known with its values.
 */
export function planCustomerOffline(
  customer: SourcedCustomer,
  recorded: ReadStatus<CustomerStatus>,
  earlier: SourcedCustomer | null,
  notices: Notices,
): Planned {
  if (recorded.kind === 'foreign')
    return { steps: [], problems: [identityChanged(customer, recorded.externalId, notices)], granted: null };
  const ignored =
    recorded.kind === 'ignored' ? [notices.problem('/status', 'warning', 'StatusIgnored', recorded.why)] : [];
  const status = recorded.kind === 'usable' ? recorded.status : null;
  if (!status || status.organizationId === null) return planUnrecorded(customer, ignored, notices);
  const granted = status.credits?.granted ?? null;
  if (covers(status, customer.hash, status.organizationId)) return { steps: [], problems: [], granted };
  const isKnown = earlier !== null && covers(status, earlier.hash, status.organizationId);
  return planRecorded(customer, status, isKnown ? earlier.declaration : null, notices);
}

/** The most that refills may take with the declared limits; null without a refill, or where a cap is not managed. */
export function declaredExposure({ cap, refill, state }: CustomerDeclaration): RefillExposure | null {
  return state === 'archived' || cap === undefined || !refill ? null : refillExposure({ cap, refill });
}

/** Nothing usable is recorded: a new customer, or one whose status was lost. Only the API can tell them apart. */
function planUnrecorded(customer: SourcedCustomer, ignored: readonly Problem[], notices: Notices): Planned {
  const { state, adopt, keys } = customer.declaration;
  if (state !== 'active') return { steps: [], problems: ignored, granted: null };
  if (!adopt) {
    const planned = planNewCustomer(customer, [], notices);
    return { ...planned, problems: [...planned.problems, ...ignored, nothingRecorded(notices)] };
  }
  const { organizationId, grantedCredits } = adopt;
  const adoption = notices.step('/adopt', {
    action: 'adopt',
    resource: 'organization',
    reason: 'declared `adopt`; it was made by hand',
    after: { organizationId, grantedCredits },
  });
  const mints = keys.flatMap((key, index) => (key.state === 'active' ? [mintStep(key, index, null, notices)] : []));
  return {
    steps: [
      adoption,
      ...grantSteps(customer, grantedCredits, 0, notices),
      ...limitSteps(customer, null, notices),
      ...mints,
    ],
    problems: [...creditWarnings(customer, grantedCredits, notices), ...ignored],
    granted: grantedCredits,
  };
}

function nothingRecorded(notices: Notices): Problem {
  return notices.problem(
    '/externalId',
    'warning',
    'NotRecorded',
    'Nothing is recorded about this customer: it is new, or its status was lost. Only the API can tell.',
    { next: 'If it was onboarded before, a pass finds it by its mark, and does none of this again.' },
  );
}

function planRecorded(
  customer: SourcedCustomer,
  status: CustomerStatus,
  known: CustomerDeclaration | null,
  notices: Notices,
): Planned {
  const { declaration } = customer;
  const granted = status.credits?.granted ?? null;
  const frozen = (steps: readonly Step[], problems: readonly Problem[] = []): Planned => ({ steps, problems, granted });
  const state = (action: 'suspend' | 'resume' | 'archive', reason: string) =>
    notices.step('/state', { action, resource: 'organization', reason, after: { state: STATE_AFTER[action] } });
  const isSuspended = status.phase === 'Suspended';
  if (status.phase === 'Archived') {
    if (declaration.state !== 'active') return frozen([]);
    if (declaration.incarnation > (known?.incarnation ?? 1)) return planNewCustomer(customer, [], notices);
    return frozen([], [archivedAlready(declaration.incarnation, notices)]);
  }
  if (known && known.incarnation !== declaration.incarnation)
    return frozen([], [incarnationConflict(known.incarnation, declaration.incarnation, notices)]);
  // Of a customer that is or is to be suspended only the state is reconciled (design 3).
  if (declaration.state === 'suspended')
    return frozen(isSuspended ? [] : [state('suspend', 'declared `state: suspended`')]);
  if (declaration.state === 'archived')
    return frozen([
      ...(isSuspended ? [] : [state('suspend', 'an archive begins with a suspension')]),
      state('archive', 'declared `state: archived`; it cannot be undone'),
    ]);
  const keys = planKeys(customer, status, known, notices);
  return {
    steps: [
      ...(isSuspended ? [state('resume', 'declared active, and suspended by this tool')] : []),
      ...fieldSteps(customer, known, notices),
      ...(granted === null ? [] : grantSteps(customer, granted, status.credits?.slots ?? 0, notices)),
      ...limitSteps(customer, known, notices),
      ...keys.steps,
    ],
    problems: [
      ...unsettled(status, notices),
      ...(granted === null ? [grantsUnknown(notices)] : creditWarnings(customer, granted, notices)),
      ...keys.problems,
    ],
    granted,
  };
}

const STATE_AFTER = { suspend: 'suspended', resume: 'active', archive: 'archived' } as const;

function archivedAlready(incarnation: number, notices: Notices): Problem {
  return notices.problem(
    '/state',
    'error',
    'OrganizationArchived',
    'The organization of this customer is archived, and nothing leaves that state.',
    { next: `To onboard the customer again, set \`incarnation: ${incarnation + 1}\`; else \`state: archived\`.` },
  );
}

function incarnationConflict(live: number, declared: number, notices: Notices): Problem {
  return notices.problem(
    '/incarnation',
    'error',
    'IncarnationConflict',
    `The file declares incarnation ${declared}, but incarnation ${live} of this customer is still live.`,
    { next: `Set \`incarnation: ${live}\`, or archive that one first with \`state: archived\`.` },
  );
}

function unsettled({ phase, conditions }: CustomerStatus, notices: Notices): Problem[] {
  if (isSettled(phase)) return [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  const why = ready ? `: ${ready.message}` : '.';
  return [notices.problem('/status', 'warning', 'NotSettled', `The last pass left this customer ${phase}${why}`)];
}

function grantsUnknown(notices: Notices): Problem {
  const message =
    'How many credits were granted is not recorded, so whether any are to be granted is not known offline.';
  return notices.problem('/credits', 'warning', 'NotKnownOffline', message);
}

function grantSteps(customer: SourcedCustomer, granted: number, slot: number, notices: Notices): Step[] {
  const { credits } = customer.declaration;
  if (credits <= granted) return [];
  return [planGrant(customer, { kind: 'grant', slot, base: granted, delta: credits - granted, cum: credits }, notices)];
}

const NOT_KNOWN = 'the file is not what was recorded; whether this differs is not known offline';

/** What may differ stands in the plan with its declared value: a reviewer shall see what could be set. */
function fieldSteps(customer: SourcedCustomer, known: CustomerDeclaration | null, notices: Notices): Step[] {
  const { name, billingEmail, metadata } = customer.declaration;
  if (known) {
    const organization = {
      id: '',
      parentOrganizationId: null,
      name: known.name,
      status: 'active',
      metadata: known.metadata ?? {},
      billingEmail: known.billingEmail ?? null,
      createdAt: '',
      archivedAt: null,
    } as const;
    const { step } = planFields(customer, organization, false, notices);
    return step ? [step] : [];
  }
  const after = {
    name,
    ...(billingEmail === undefined ? {} : { billingEmail }),
    ...(metadata === undefined || Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
  return [notices.step('/name', { action: 'change', resource: 'organization', reason: NOT_KNOWN, after })];
}

function limitSteps(customer: SourcedCustomer, known: CustomerDeclaration | null, notices: Notices): Step[] {
  const limits = ['cap', 'refill'] as const;
  const steps = limits.flatMap((name) => {
    const after = jsonOf(customer.declaration[name]);
    const before = jsonOf(known?.[name]);
    if (after === undefined || (before !== undefined && canonicalJson(before) === canonicalJson(after))) return [];
    return notices.step(`/${name}`, {
      action: 'change',
      resource: 'credit-config',
      name,
      reason: before === undefined ? NOT_KNOWN : `${name} differs from the file`,
      before: before === undefined ? null : { [name]: before },
      after: { [name]: after },
    });
  });
  const exposure = declaredExposure(customer.declaration);
  return steps.map((step, index) => (index === steps.length - 1 ? { ...step, refillExposure: exposure } : step));
}

function jsonOf(value: CustomerDeclaration['cap'] | CustomerDeclaration['refill']): Json | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : value;
}

function planKeys(
  customer: SourcedCustomer,
  status: CustomerStatus,
  known: CustomerDeclaration | null,
  notices: Notices,
): { readonly steps: readonly Step[]; readonly problems: readonly Problem[] } {
  const steps: Step[] = [];
  const unknown: string[] = [];
  for (const [index, declared] of customer.declaration.keys.entries()) {
    const isRecorded = status.keys.some(({ name }) => name === declared.name);
    const before = known?.keys.find(({ name }) => name === declared.name) ?? null;
    if (declared.state === 'revoked') {
      if (isRecorded) steps.push(revokeStep(declared, index, notices));
    } else if (!isRecorded) steps.push(mintStep(declared, index, null, notices));
    else if (!before) unknown.push(declared.name);
    else if (fieldsOf(before) !== fieldsOf(declared)) steps.push(mintStep(declared, index, before, notices));
    else if (declared.createdAfter !== before.createdAfter && declared.createdAfter !== undefined)
      steps.push(rotateStep(declared, index, before, notices));
  }
  const names = unknown.map((name) => `"${name}"`).join(', ');
  const message = `Whether these keys are to be rotated or replaced is not known offline: ${names}.`;
  const problems = unknown.length === 0 ? [] : [notices.problem('/keys', 'warning', 'NotKnownOffline', message)];
  return { steps, problems };
}

function fieldsOf({ scopes, env }: KeyDeclaration): string {
  return canonicalJson({ scopes: [...new Set(scopes)].toSorted(), env });
}

function mintStep(declared: KeyDeclaration, index: number, before: KeyDeclaration | null, notices: Notices): Step {
  const shown = ({ scopes, env }: KeyDeclaration) => ({ scopes: [...new Set(scopes)].toSorted(), env });
  return notices.step(keyPointer(index), {
    action: 'mint',
    resource: 'api-key',
    name: declared.name,
    reason: before
      ? 'its scopes or env differ from the file; the old key is revoked after 24 hours'
      : 'no key of this name is recorded',
    before: before && shown(before),
    after: shown(declared),
  });
}

function rotateStep(declared: KeyDeclaration, index: number, before: KeyDeclaration, notices: Notices): Step {
  return notices.step(keyPointer(index), {
    action: 'rotate',
    resource: 'api-key',
    name: declared.name,
    reason: 'createdAfter differs; rotated if the key is older than that',
    before: { createdAfter: before.createdAfter ?? null },
    after: { createdAfter: declared.createdAfter ?? null },
  });
}

function revokeStep(declared: KeyDeclaration, index: number, notices: Notices): Step {
  return notices.step(keyPointer(index), {
    action: 'revoke',
    resource: 'api-key',
    name: declared.name,
    reason: 'declared `state: revoked`',
  });
}
