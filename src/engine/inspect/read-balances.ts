import pLimit from 'p-limit';
import { isOk } from '../../core/answer.ts';
import type { Effects } from '../context.ts';

/** What an organization holds now; numbers are null where it could not be read, and `problem` says why. */
export interface Balance {
  readonly balance: number | null;
  readonly available: number | null;
  readonly problem: string | null;
}

/** One GET for each organization, `concurrency` at once. */
export async function readBalances(
  { reader }: Pick<Effects, 'reader'>,
  organizationIds: readonly string[],
  concurrency: number,
): Promise<ReadonlyMap<string, Balance>> {
  const balances = await pLimit(concurrency).map([...organizationIds], async (id): Promise<[string, Balance]> => {
    const answer = await reader.getOrganization(id);
    if (!isOk(answer)) return [id, { balance: null, available: null, problem: answer.problem.message }];
    const { balance, available } = answer.value.summary;
    return [id, { balance, available, problem: null }];
  });
  return new Map(balances);
}
