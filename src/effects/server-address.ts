/** Where a server is to which a token is sent. */
export type Origin =
  | { readonly ok: true; readonly origin: string; readonly basePath: string }
  | { readonly ok: false; readonly message: string };

/** The message never repeats the text, which may hold a password. */
export function parseServer(text: string): Origin {
  if (!URL.canParse(text)) return { ok: false, message: 'the server is not a URL' };
  const { protocol, hostname, origin, pathname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '') return { ok: false, message: 'the URL of the server holds a password' };
  if (search !== '' || hash !== '') return { ok: false, message: 'the URL of the server must end with its path' };
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback))
    return { ok: false, message: 'the server must be reached by https:// (http:// only on this machine)' };
  return { ok: true, origin, basePath: pathname.replace(/\/+$/, '') };
}
