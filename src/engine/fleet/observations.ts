import type { SourcedCustomer } from '../../core/source.ts';
import type { Clock } from '../../effects/clock.ts';
import { type ObservedCustomer, observeCustomer } from '../observe.ts';
import type { FleetView } from './view.ts';

/** What guards had read of a customer serves its own visit, when that comes soon. */
const SERVES_MS = 30_000;

export interface Observations {
  /** For the customer's own visit. */
  forVisit(view: FleetView, customer: SourcedCustomer, full: boolean): Promise<ObservedCustomer>;
  /** For the guards alone: a customer that its recorded status covers is not read. */
  forGuards(view: FleetView, customer: SourcedCustomer): Promise<ObservedCustomer>;
}

/** Observes customers so that nobody is read twice where once will do. */
export function createObservations(clock: Pick<Clock, 'monotonic'>): Observations {
  const underWay = new Map<string, { readonly hash: string; readonly observed: Promise<ObservedCustomer> }>();
  const served = new Map<
    string,
    { readonly observed: ObservedCustomer; readonly turn: number; readonly atMs: number }
  >();

  function observe(view: FleetView, customer: SourcedCustomer, options: { full: boolean; selected: boolean }) {
    const { listing, declarations } = view;
    const inventory = listing.inventory();
    return observeCustomer(view.pass(), customer, { inventory, claimed: declarations.claimed, ...options });
  }

  function takeServed({ turn }: FleetView, { declaration, hash }: SourcedCustomer): ObservedCustomer | null {
    const found = served.get(declaration.externalId);
    served.delete(declaration.externalId);
    const isFit = found?.observed.customer.hash === hash && found.turn === turn;
    return found && isFit && clock.monotonic() - found.atMs < SERVES_MS ? found.observed : null;
  }

  return {
    async forVisit(view, customer, full) {
      const { externalId } = customer.declaration;
      const known = takeServed(view, customer);
      if (known && (!full || known.observation?.ledger)) return known;
      const observed = observe(view, customer, { full, selected: true });
      underWay.set(externalId, { hash: customer.hash, observed });
      try {
        return await observed;
      } finally {
        underWay.delete(externalId);
      }
    },
    async forGuards(view, customer) {
      const { externalId } = customer.declaration;
      const visiting = underWay.get(externalId);
      if (visiting?.hash === customer.hash) return visiting.observed;
      const observed = await observe(view, customer, { full: false, selected: false });
      if (observed.observation) served.set(externalId, { observed, turn: view.turn, atMs: clock.monotonic() });
      return observed;
    },
  };
}
