/**
 * Where events of every customer may be sent. Nothing here ever fetches the URL; the provider does, from its own
 * network, so a URL that points inside a network is refused before it is registered (correctness 4.7).
 */

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const hostGrammar = new RegExp(`^${label}(?:\\.${label})+$`);
const authorityGrammar = /^https:\/\/([^/?#]*)/;

/** Names that are only resolved inside some network, or on the machine itself. */
const privateSuffixes = ['localhost', 'internal', 'local', 'localdomain', 'lan', 'intranet', 'corp', 'home', 'private'];

/**
 * The same rules as {@link webhookUrlProblem} in one expression, for editors: it cannot say which of them is broken. The
 * corpus and a property hold the two together.
 */
export const webhookUrlPattern = new RegExp(
  `^https://(?!(?:[^/?:]*\\.)?(?:${privateSuffixes.join('|')}|home\\.arpa|[0-9]+|0x[0-9a-f]*)(?:[/?:]|$))` +
    `(?=[^/?:]{1,253}(?:[/?:]|$))${label}(?:\\.${label})+(?::443)?(?:[/?][!$-;=?-Z\\[\\]_a-z~]*)?$`,
);

/** What is wrong with a webhook URL, as a predicate ("must …"); null when it may be declared. */
export function webhookUrlProblem(url: string): string | null {
  if (url.length > 2048) return 'must have at most 2,048 characters';
  if (/[^\u0021-\u007e]|["<>\\^`{|}]/.test(url)) {
    return 'must be plain ASCII without spaces or backslashes (write other names as punycode: xn--…, other characters as %XX)';
  }
  const authority = authorityGrammar.exec(url)?.[1];
  if (authority === undefined) return 'must begin with https:// (in lower case): events carry customer data';
  if (authority.includes('@')) return 'must not carry a user name or password';
  if (url.includes('#')) return 'must not have a fragment (#…): it is never sent';
  if (authority.startsWith('[')) return 'must name a host, not an IP address';
  const [host = '', port, ...rest] = authority.split(':');
  if (rest.length > 0 || (port !== undefined && port !== '443')) return 'must use port 443';
  return hostProblem(host);
}

function hostProblem(host: string): string | null {
  if (host !== host.toLowerCase()) return 'must have its host in lower case';
  // WHATWG URL reads any host that ends in a number as an IPv4 address: 127.1 and 0x7f.1 are the local machine.
  const last = host.split('.').at(-1) ?? '';
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/.test(last)) return 'must name a host, not an IP address';
  const suffix = `.${host}`.endsWith('.home.arpa') ? 'home.arpa' : last;
  if (suffix !== last || privateSuffixes.includes(last)) {
    return `must be reachable from the internet: .${suffix} names exist only inside a network`;
  }
  if (!host.includes('.')) return 'must have a full domain name (a single word is a name inside a network)';
  if (host.length > 253 || !hostGrammar.test(host)) return 'must have a valid domain name as its host';
  return null;
}

/** The host of a URL that {@link webhookUrlProblem} accepts. */
export function webhookHost(url: string): string | null {
  return authorityGrammar.exec(url)?.[1]?.split(':')[0] ?? null;
}

/** Whether two URLs name one receiver: a server may write down port and path where the file leaves them out. */
export function isSameWebhookUrl(a: string, b: string): boolean {
  return inFull(a) === inFull(b);
}

function inFull(url: string): string {
  const authority = authorityGrammar.exec(url)?.[0];
  if (authority === undefined) return url;
  const path = url.slice(authority.length);
  return authority.toLowerCase().replace(/:443$/, '') + (path.startsWith('/') ? path : `/${path}`);
}

/** Whether `guards.allowedWebhookHosts` covers the URL: an entry is a host, or `*.domain` for every host below a domain. */
export function isAllowedWebhookHost(url: string, allowedHosts: readonly string[]): boolean {
  const host = webhookHost(url);
  if (host === null) return false;
  return allowedHosts.some((allowed) =>
    allowed.startsWith('*.') ? host.endsWith(allowed.slice(1)) && host.length >= allowed.length : host === allowed,
  );
}

export const allowedHostPattern = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})+$`);
