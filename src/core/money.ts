/** Credits as people read them: `1,000,000`. Not `toLocaleString`: a plan must not depend on the machine's locale. */
export function formatCredits(credits: number): string {
  return String(credits).replace(/\B(?=(\d{3})+$)/g, ',');
}
