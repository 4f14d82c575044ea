import type { ApiKey } from '../api.ts';
import type { KeyDeclaration } from '../declaration/customer.ts';
import { endingOf } from '../key-ending.ts';
import type { Notices, StepDraft } from '../notice.ts';
import type { Step } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { SourcedCustomer } from '../source.ts';
import { isLive, type KeyDecision } from './api-key-facts.ts';
import { OVERLAP_HOURS } from './api-key-overlap.ts';

/** The steps that a decision asks for: none when there is nothing to do or nothing may be done. */
export function planKey(declared: KeyDeclaration, pointer: string, decision: KeyDecision, notices: Notices): Step[] {
  const fields = { scopes: [...new Set(declared.scopes)].toSorted(), env: declared.env };
  const step = (draft: Omit<StepDraft, 'resource' | 'name'>) =>
    notices.step(pointer, { ...draft, resource: 'api-key', name: declared.name });
  switch (decision.kind) {
    case 'converged':
    case 'refused':
      return [];
    case 'mint': {
      const { replaces, retires, reason } = decision;
      const before = replaces ? { scopes: replaces.scopes.toSorted(), env: replaces.env } : null;
      const ends = replaces && retires === replaces.id ? endingOf([replaces], OVERLAP_HOURS) : null;
      return [step({ action: 'mint', reason, before, after: fields, ends })];
    }
    case 'recover': {
      const reason = 'its secret was never stored; repeating the request gives it again';
      return [step({ action: decision.by.action, reason, after: fields })];
    }
    case 'rotate': {
      const { createdAt } = decision.key;
      const after = { createdAfter: declared.createdAfter ?? null };
      const ends = endingOf([decision.key], OVERLAP_HOURS);
      const reason = `older than createdAfter asks (${createdAt})`;
      return [step({ action: 'rotate', reason, before: { createdAt }, after, ends })];
    }
    case 'revoke': {
      const { keys, reason, successor } = decision;
      const before = { keys: keys.map(({ prefix }) => prefix) };
      const revoke = step({ action: 'revoke', reason, before, ends: endingOf(keys, 0) });
      return [revoke, ...(successor ? planKey(declared, pointer, successor, notices) : [])];
    }
  }
}

/** Where one scope of a declared key stands; the entry itself where that is not known. */
export function scopePointer({ scopes }: KeyDeclaration, pointer: string, scope: string | null): string {
  return scope === null ? pointer : `${pointer}/scopes/${scopes.indexOf(scope)}`;
}

/** Live keys that no entry of the file names: reported, left alone. */
export function undeclaredKeys(customer: SourcedCustomer, listed: readonly ApiKey[], notices: Notices): Problem[] {
  const declared = new Set(customer.declaration.keys.map(({ name }) => name));
  return listed
    .filter((key) => isLive(key) && !declared.has(key.name))
    .map((key) =>
      notices.problem(
        '/keys',
        'warning',
        'UndeclaredKey',
        `Key ${key.prefix} ("${key.name}") is live and not in the file. It is left alone.`,
        { next: 'To revoke it, add it with `state: revoked`; to keep it, declare it.' },
      ),
    );
}
