const LENGTH_MAX = 60;

/** An identity made of a name: `Café Nord & Söhne` becomes `cafe-nord-sohne`. `taken` is in lower case. */
export function proposeExternalId(name: string, taken: ReadonlySet<string>): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LENGTH_MAX)
    .replace(/^-|-$/g, '');
  const wanted = words === '' ? 'customer' : words;
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) if (!taken.has(`${wanted}-${number}`)) return `${wanted}-${number}`;
}
