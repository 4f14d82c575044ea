import { z } from 'zod';
import type { Json } from './canonical.ts';
import { type Condition, conditionSchema } from './status.ts';

export interface RefusedDeclaration {
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly nowIso: string;
}

const document = z.record(z.string(), z.json());

/**
 * The status of a declaration that cannot be used: what was recorded stays, and Ready is False. Without the change, a
 * customer that was fine before would go on looking fine while it is frozen.
 */
export function refusedStatus(recorded: unknown, refused: RefusedDeclaration): { readonly [key: string]: Json } {
  const { reason, message, observedGeneration, nowIso } = refused;
  const before = document.safeParse(recorded).data ?? {};
  const conditions = z.array(conditionSchema).safeParse(before['conditions']).data ?? [];
  const previous = conditions.find(({ type }) => type === 'Ready');
  const ready: Condition = {
    type: 'Ready',
    status: 'False',
    reason,
    message,
    lastTransitionTime: previous?.status === 'False' ? previous.lastTransitionTime : nowIso,
  };
  const others = conditions.filter(({ type }) => type !== 'Ready');
  return { ...before, observedGeneration, phase: 'Stalled', conditions: [ready, ...others].map((one) => ({ ...one })) };
}
