import { z } from 'zod';
import type { Whoami } from '../../../core/api.ts';
import type { Caller } from '../call.ts';
import type { LayersReader } from '../client.ts';
import { idField, orElse, orNull, shapeOf, stringsField } from '../fields.ts';

const whoamiSchema: z.ZodType<Whoami> = z.object({
  organizationId: idField,
  organizationName: orElse(z.string(), ''),
  parentOrganizationId: orNull(idField),
  scopes: orElse(stringsField, []),
  rateLimitTier: orElse(z.string(), 'standard'),
  apiKeyId: idField,
});

/** `onTier` hears of the tier that the key has, so that the pace can follow it. */
export function whoamiReads(call: Caller, onTier: (tier: string) => void): Pick<LayersReader, 'whoami'> {
  return {
    whoami: async () => {
      const answer = await call({
        operation: 'whoami',
        keyPurpose: 'whoami',
        kind: 'read',
        method: 'GET',
        path: ['whoami'],
        shape: shapeOf(whoamiSchema),
      });
      if (answer.outcome === 'ok') onTier(answer.value.rateLimitTier);
      return answer;
    },
  };
}
