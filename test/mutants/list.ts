import { moneyMutants } from './money.ts';
import type { Mutant } from './mutant.ts';
import { secretMutants } from './secrets.ts';
import { worldMutants } from './world.ts';

export const mutants: readonly Mutant[] = [...moneyMutants, ...worldMutants, ...secretMutants];
