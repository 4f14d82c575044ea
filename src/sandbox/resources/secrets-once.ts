import type { SandboxBehaviour } from '../behaviour.ts';
import { isRecord } from '../canonical.ts';
import { refusal } from '../refusals.ts';
import type { Outcome, Success } from '../route.ts';

/** What the replay of a call that showed a secret answers: the same secret, unless `mintReplay` says otherwise. */
export function secretReplay(field: 'secret' | 'signingSecret') {
  return (remembered: Success, { mintReplay }: SandboxBehaviour): Outcome => {
    if (mintReplay === 'conflict') return refusal('CONFLICT', 'This request was already carried out.');
    if (mintReplay === 'secret' || !isRecord(remembered.body)) return remembered;
    const { [field]: _shownOnce, ...masked } = remembered.body;
    return { ...remembered, body: masked };
  };
}
