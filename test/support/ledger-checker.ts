/**
 * Recomputes I1 from the raw HTTP transcript alone: no client, no sandbox state, no code of the project. It believes what
 * the server answered, whether or not the answer ever arrived.
 */
export interface Exchange {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly requestBody: string | undefined;
  readonly status: number;
  readonly answerBody: string;
}

export interface Promised {
  readonly customer: string;
  readonly incarnation: number;
  /** The highest amount any accepted version declared. */
  readonly credits: number;
  /** Of these, credits that came by hand before an adoption. */
  readonly adopted: number;
}

const ALLOCATE = /^\/v1\/organizations\/(org_[0-9a-f-]{36})\/credits\/allocate$/;

/** One sentence per broken promise; empty when all hold. */
export function checkTranscript(exchanges: readonly Exchange[], promised: readonly Promised[]): string[] {
  const wrong: string[] = [];
  const paid = new Map<string, number>();
  const promisedTo = (owner: string) => promised.filter((one) => `${one.customer} ${one.incarnation}` === owner);
  const transfers = new Set<string>();
  for (const { method, path, requestBody, status, answerBody } of exchanges) {
    const target = method === 'POST' ? ALLOCATE.exec(path)?.[1] : undefined;
    if (target === undefined || status < 200 || status > 299) continue;
    const answer = JSON.parse(answerBody);
    if (transfers.has(answer.id)) continue;
    transfers.add(answer.id);
    const { credits, metadata } = JSON.parse(requestBody ?? '{}');
    if (answer.allocated !== credits) wrong.push(`${answer.id}: asked for ${credits}, moved ${answer.allocated}`);
    if (metadata?.org !== target) wrong.push(`${answer.id}: meant for ${metadata?.org}, sent to ${target}`);
    const owner = `${metadata?.cust} ${metadata?.inc}`;
    const before = paid.get(owner) ?? Math.max(0, ...promisedTo(owner).map((one) => one.adopted));
    if (Number(metadata?.base) !== before) wrong.push(`${answer.id}: says ${metadata?.base} before it, was ${before}`);
    paid.set(owner, before + answer.allocated);
  }
  for (const [owner, credits] of paid) {
    const limit = Math.max(0, ...promisedTo(owner).map((one) => one.credits));
    if (credits > limit) wrong.push(`${owner}: ${credits} credits were paid, ${limit} were declared at most`);
  }
  return wrong;
}
