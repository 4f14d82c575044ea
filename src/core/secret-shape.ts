// layers-api, "api keys" and "webhooks": `lp_<env>_<16 characters>_<secret>` and `whsec_<secret>`. The masked prefix of a
// key, which may be shown, is the part before the last underscore. Tokens of Vault and OpenBao: `hvs.…` and a long tail.
const shapes =
  /lp_(?:live|test)_[A-Z0-9]{16}_[A-Za-z0-9_-]{4,}|whsec_[A-Za-z0-9+/=_-]{4,}|AGE-SECRET-KEY-[A-Z0-9-]{4,}|age-secret-key-[a-z0-9-]{4,}|\bhv[sbr]\.[A-Za-z0-9_-]{24,}/;
const prefix = /^lp_(?:live|test)_[A-Z0-9]{16}(?=_|$)/;

/** True when a text holds something that has the shape of an API key, a signing secret, an identity of age or a token of Vault. */
export function looksLikeSecret(text: string): boolean {
  return shapes.test(text);
}

/** The masked prefix at the beginning of an API key or of a prefix; null when the text has another shape. */
export function keyPrefix(text: string): string | null {
  return prefix.exec(text)?.[0] ?? null;
}
