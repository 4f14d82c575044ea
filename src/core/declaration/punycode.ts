import { webhookHost } from './webhook-url.ts';

/** Host names in punycode (RFC 3492), read back into what they look like: `xn--bcher-kva.example` is `bücher.example`. */

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_CODE_POINT = 128;
const PREFIX = 'xn--';

/** The host of a URL as people read it; null when it has no label in punycode, or one that means nothing. */
export function unicodeHost(url: string): string | null {
  const host = webhookHost(url);
  if (host === null || !host.split('.').some((label) => label.startsWith(PREFIX))) return null;
  const labels = host
    .split('.')
    .map((label) => (label.startsWith(PREFIX) ? decodeLabel(label.slice(PREFIX.length)) : label));
  return labels.includes(null) ? null : labels.join('.');
}

/** Section 6.2 of the RFC; null for what no encoder writes. */
function decodeLabel(text: string): string | null {
  const delimiter = text.lastIndexOf('-');
  const points = Array.from({ length: Math.max(0, delimiter) }, (_, at) => text.charCodeAt(at));
  let rest = text.slice(delimiter + 1);
  if (rest === '') return null;
  let point = INITIAL_CODE_POINT;
  let index = 0;
  let bias = INITIAL_BIAS;
  while (rest !== '') {
    const number = readInteger(rest, bias);
    if (number === null) return null;
    const count = points.length + 1;
    bias = adapt(number.value, count, points.length === Math.max(0, delimiter));
    index += number.value;
    point += Math.floor(index / count);
    index %= count;
    if (point > 0x10_ff_ff) return null;
    points.splice(index, 0, point);
    index += 1;
    rest = rest.slice(number.length);
  }
  return String.fromCodePoint(...points);
}

/** A number of digits of variable weight, the least significant first. */
function readInteger(text: string, bias: number): { readonly value: number; readonly length: number } | null {
  let value = 0;
  let weight = 1;
  for (let length = 1; length <= text.length; length += 1) {
    const digit = digitOf(text.charCodeAt(length - 1));
    if (digit === null) return null;
    value += digit * weight;
    if (value > Number.MAX_SAFE_INTEGER) return null;
    const threshold = Math.min(T_MAX, Math.max(T_MIN, length * BASE - bias));
    if (digit < threshold) return { value, length };
    weight *= BASE - threshold;
  }
  return null;
}

/** `a` to `z` are 0 to 25, `0` to `9` are 26 to 35. */
function digitOf(code: number): number | null {
  if (code >= 97 && code <= 122) return code - 97;
  return code >= 48 && code <= 57 ? code - 22 : null;
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let left = Math.floor(delta / (isFirst ? DAMP : 2));
  left += Math.floor(left / count);
  let rounds = 0;
  for (; left > ((BASE - T_MIN) * T_MAX) / 2; rounds += BASE) left = Math.floor(left / (BASE - T_MIN));
  return rounds + Math.floor(((BASE - T_MIN + 1) * left) / (left + SKEW));
}
