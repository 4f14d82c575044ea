import { z } from 'zod';

/** What the two settings of `reconcile.yaml` that choose a store, `secrets` and `status`, have in common. */

export const directory = z.string().min(1).max(1024);

/** A label of DNS, as the name of a namespace is (RFC 1123). */
export const namespacePattern: RegExp = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Rules about several members, once more for editors; `explain` below says them in words. With `else` alone: an object
 * with a member `then` is a promise to JavaScript.
 */
const isChosen = (value: string, by: string) => ({ required: [by], properties: { [by]: { const: value } } });

/** What a choice, of a store as a rule, cannot do without. */
export function needs(choice: string, members: Readonly<Record<string, unknown>>, by = 'store') {
  return { if: { not: isChosen(choice, by) }, else: { required: Object.keys(members), properties: members } };
}

/** What a choice has no use for. Without a choice it is `dependentRequired` that asks for one. */
export function ignores(choice: string, members: readonly string[], by = 'store') {
  return {
    if: { not: isChosen(choice, by) },
    else: { properties: Object.fromEntries(members.map((member) => [member, false])) },
  };
}

/**
 * The first member that the chosen store has no use for.
 *
 * @param used the members of each store
 * @param usual what stands for a store that is not chosen
 */
export function unusedMember(
  settings: Readonly<Record<string, unknown>>,
  used: Readonly<Record<string, readonly string[]>>,
  usual: string,
): string | null {
  const { store } = settings;
  const mine = used[typeof store === 'string' ? store : usual] ?? [];
  for (const [wanted, names] of Object.entries(used)) {
    const unused = names.find((name) => !mine.includes(name) && settings[name] !== undefined);
    if (unused === undefined) continue;
    const subject = `has ${article(unused)} that nothing uses`;
    return store === undefined
      ? `${subject}; add store: ${wanted}, or remove the ${unused}`
      : `${subject}, because store is ${typeof store === 'string' ? store : 'another'}`;
  }
  return null;
}

/** `a directory`, `an address`, `recipients`. */
function article(member: string): string {
  if (member.endsWith('s') && !member.endsWith('ss')) return member;
  return `${/^[aeiou]/.test(member) ? 'an' : 'a'} ${member}`;
}

/** A rule about several members at once; it runs although one of them may be wrong, so that a person sees all of it. */
export function explain<T extends object>(problemIn: (settings: T) => string | null) {
  return (settings: T, context: z.core.$RefinementCtx<T>): void => {
    if (typeof settings !== 'object' || settings === null) return;
    const message = problemIn(settings);
    if (message !== null) context.addIssue({ code: 'custom', message });
  };
}
