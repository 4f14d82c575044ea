export type BaseUrl = { readonly ok: true; readonly origin: string } | { readonly ok: false; readonly message: string };

/**
 * Where the API is: https, or http to this very machine, because the token travels with every request.
 * The message never repeats the text, which may hold a password.
 */
export function parseBaseUrl(text: string): BaseUrl {
  if (!URL.canParse(text)) return no('it is not a URL; write for example https://api.layers.com');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return no('it holds a user name or a password; the API key belongs into LAYERS_API_KEY or LAYERS_API_KEY_FILE');
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    return no('it must begin with https:// (http:// is accepted only for 127.0.0.1, [::1] and localhost)');
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return no(`it must end after the host, as in ${url.origin}: the paths, which begin with /v1, are ours to add`);
  }
  return { ok: true, origin: url.origin };
}

function no(reason: string): BaseUrl {
  return { ok: false, message: `The base URL of the Layers API cannot be used: ${reason}.` };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
