import { adoptionWalks } from './adoption.ts';
import { creditsWalks } from './credits.ts';
import { guardsWalks } from './guards.ts';
import { identityWalks } from './identity.ts';
import { keysWalks } from './keys.ts';
import { limitsWalks } from './limits.ts';
import { onboardingWalks } from './onboarding.ts';
import { stateWalks } from './state.ts';
import type { Walk } from './walk.ts';
import { webhooksWalks } from './webhooks.ts';

/** All walks by chapter, in the order of docs/lifecycle.md. */
export const chapters: readonly { readonly title: string; readonly walks: readonly Walk[] }[] = [
  { title: 'Onboarding', walks: onboardingWalks },
  { title: 'Credits', walks: creditsWalks },
  { title: 'Limits', walks: limitsWalks },
  { title: 'Keys', walks: keysWalks },
  { title: 'State', walks: stateWalks },
  { title: 'Identity', walks: identityWalks },
  { title: 'Webhooks', walks: webhooksWalks },
  { title: 'Adoption', walks: adoptionWalks },
  { title: 'Guards', walks: guardsWalks },
];

export const walks: readonly Walk[] = chapters.flatMap((chapter) => chapter.walks);

export function walkNamed(name: string): Walk {
  const found = walks.find((one) => one.name === name);
  if (!found) throw new Error(`there is no walk ${name}; known: ${walks.map((one) => one.name).join(', ')}`);
  return found;
}
