/** The candidate that a person most likely meant, or null when none is close. */
export function nearest(typed: string, candidates: readonly string[]): string | null {
  const limit = typed.length <= 3 ? 1 : Math.min(3, Math.floor(typed.length / 2.5));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    // Wrong case costs nothing, so that `billingemail` finds `billingEmail`.
    const distance = editDistance(typed.toLowerCase(), candidate.toLowerCase(), limit);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours; `limit + 1` stands for "more than the limit". */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const insertOrDelete = Math.min(previous[column] ?? 0, current[column - 1] ?? 0) + 1;
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swap = swapped ? (beforePrevious[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(replace, insertOrDelete, swap));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
