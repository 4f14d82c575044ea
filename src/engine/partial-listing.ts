import type { ObservedCustomer } from './observe.ts';

/** True for a customer whose organization answers although the listing lacks it. */
export function showsPartialListing({ planned }: ObservedCustomer): boolean {
  return planned.problems.some(({ code }) => code === 'ListingIncomplete');
}

/** A customer as it is planned from a listing that is not whole: what is not in it may exist all the same (I2). */
export function withoutCreation(one: ObservedCustomer): ObservedCustomer {
  if (one.identification.kind !== 'absent') return one;
  const problem = one.notices.problem(
    '/externalId',
    'held',
    'ListingIncomplete',
    'The listing of organizations is not whole, so no organization is created in this pass.',
    { next: 'Nothing to do if this passes: the next pass lists again.' },
  );
  return { ...one, planned: { ...one.planned, steps: [], problems: [...one.planned.problems, problem] } };
}
