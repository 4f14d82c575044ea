import type { ArmedFault, Fault, FaultMatch, FaultRule } from './state.ts';

/** Faults that wait for their request. */
export interface FaultBoard {
  add(rule: FaultRule): void;
  clear(): void;
  list(): readonly ArmedFault[];
  restore(armed: readonly ArmedFault[]): void;
  /** The fault that hits this request, if any. Every rule that matches counts the request. */
  strike(method: string, path: string): Fault | null;
}

export function createFaultBoard(): FaultBoard {
  let armed: ArmedFault[] = [];
  return {
    add(rule) {
      armed.push({ rule, seen: 0 });
    },
    clear() {
      armed = [];
    },
    list: () => [...armed],
    restore(faults) {
      armed = [...faults];
    },
    strike(method, path) {
      if (armed.length === 0) return null;
      let hit: Fault | null = null;
      const kept: ArmedFault[] = [];
      for (const one of armed) {
        const { rule } = one;
        if (!matches(rule.match ?? {}, method, path)) {
          kept.push(one);
          continue;
        }
        const seen = one.seen + 1;
        const first = rule.nth ?? 1;
        const last = first + (rule.times ?? 1) - 1;
        if (seen >= first) hit ??= rule.fault;
        if (seen < last) kept.push({ ...one, seen });
      }
      armed = kept;
      return hit;
    },
  };
}

function matches({ method, path }: FaultMatch, actualMethod: string, actualPath: string): boolean {
  if (method !== undefined && method.toUpperCase() !== actualMethod) return false;
  if (path === undefined) return true;
  const pattern = path.split('/');
  const segments = actualPath.split('/');
  const isOpen = pattern.at(-1) === '**';
  if (isOpen ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, at) => part === '*' || part === '**' || part === segments[at]);
}
