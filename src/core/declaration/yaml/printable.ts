const hidden = /[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;
const secret = /(lp_(?:live|test)_[A-Za-z0-9]+_|whsec_|AGE-SECRET-KEY-|age-secret-key-|\bhv[sbr]\.)([A-Za-z0-9_-]+)/g;
const runnerCommand = /##(?=\[)/g;
const urlPassword = /(:\/\/[^\s/:@]*:)([^\s/@]+)(?=@)/g;

/**
 * Text of a file as it may be shown on a terminal: control characters and marks that reorder text become `·`, and
 * whatever has the shape of an API key, a signing secret, an identity of age or the password of a URL is starred out,
 * should somebody have pasted one (I4). `##[`, at which a runner of GitHub Actions looks for commands anywhere in a line,
 * becomes `#·[`. The length stays the same.
 */
export function printable(text: string): string {
  return text
    .replaceAll('\t', ' ')
    .replace(hidden, '·')
    .replace(secret, starOut)
    .replace(urlPassword, starOut)
    .replace(runnerCommand, '#·');
}

function starOut(_: string, prefix: string, rest: string): string {
  return prefix + '*'.repeat(rest.length);
}

/** A short piece of the file to name in a message, between quotes. */
export function quoted(text: string): string {
  return `"${unquoted(text)}"`;
}

export function unquoted(text: string): string {
  return shorten(printable(text), 60);
}

export function shorten(text: string, longest: number): string {
  // Half of a character that the cut went through is no character.
  return text.length > longest ? `${text.slice(0, longest - 1).replace(/\p{Surrogate}$/u, '')}…` : text;
}
