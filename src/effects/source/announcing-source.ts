import type { Announcer } from '../announcer.ts';
import type { DeclarationSource } from './source.ts';

/** The same declarations; of those that cannot be used it is told, where people look at them, why nothing is done. */
export function announcingSource(source: DeclarationSource, announcer: Pick<Announcer, 'refused'>): DeclarationSource {
  return {
    ...source,
    async loadFleet(workspace) {
      const load = await source.loadFleet(workspace);
      if (load.ok) announcer.refused(load.fleet.broken);
      return load;
    },
  };
}
