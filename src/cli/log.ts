import { type Logger, pino } from 'pino';
import type { Secret } from '../core/secret.ts';
import { createPaint } from './render/palette.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Compact lines for a person at a terminal; otherwise one JSON object a line. */
  readonly human: boolean;
  readonly color: boolean;
  /** Takes whole lines and must not delay them: what was logged before a crash has to be there after it. */
  readonly write: (text: string) => void;
  /** Values known to be secret, as they are now; a key file may change. */
  readonly secrets: () => readonly Secret[];
}

/** RECONCILE_LOG_LEVEL; null for a word that is no level. */
export function readLogLevel(text: string | undefined): LogLevel | null {
  if (text === undefined || text === '') return 'info';
  return logLevels.find((level) => level === text.toLowerCase()) ?? null;
}

/**
 * The log. Secrets are a type that prints as `[secret]`; the scrub of finished lines is the net below that, for text that
 * came from elsewhere (I4).
 */
export function createLog({ level, human, color, write, secrets }: LogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => scrub(line, secrets()) },
    },
    { write: human ? (line) => write(humanLine(line, color)) : write },
  );
}

// layers-api, "api keys" and "webhooks": the masked prefix of a key may be shown, what follows it may not.
const keyShape = /(lp_(?:live|test)_[A-Z0-9]{16})_[A-Za-z0-9_-]+/g;
const signingSecretShape = /whsec_[A-Za-z0-9+/=_-]+/g;
// Tokens of service accounts, as of most who issue any: a JSON Web Token begins with an object, `{"…`, in base64.
const webTokenShape = /\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g;
const vaultTokenShape = /\b(hv[sbr])\.[A-Za-z0-9_-]{24,}/g;
const ageIdentityShape = /AGE-SECRET-KEY-[A-Z0-9-]+/gi;

/** A finished line or a stack trace without anything that is secret or looks like it. */
export function scrub(line: string, secrets: readonly Secret[]): string {
  return secrets.reduce(
    // Within a line of JSON the value stands as JSON writes it.
    (text, secret) => text.replaceAll(JSON.stringify(secret.reveal()).slice(1, -1), '[secret]'),
    line
      .replace(keyShape, '$1_[secret]')
      .replace(signingSecretShape, 'whsec_[secret]')
      .replace(webTokenShape, '[secret]')
      .replace(vaultTokenShape, '$1.[secret]')
      .replace(ageIdentityShape, 'AGE-SECRET-KEY-[secret]'),
  );
}

const tones = { warn: 'change', error: 'trouble', debug: 'quiet' } as const;

/** `12:30:45 WARN  the journal is full  customer=acme-coffee` */
function humanLine(line: string, color: boolean): string {
  const { level, time, msg, ...rest }: Record<string, unknown> = JSON.parse(line);
  const paint = createPaint(color);
  const word = String(level);
  const shown = word.toUpperCase().padEnd(5);
  const heading = word === 'warn' || word === 'error' || word === 'debug' ? paint(tones[word], shown) : shown;
  // What is null is there for queries; a person has no use for it.
  const told = Object.entries(rest).filter(([, value]) => value !== null);
  const members = told.map(([name, value]) => `${name}=${textOf(value)}`);
  return `${[String(time).slice(11, 19), heading, textOf(msg ?? ''), ...members].join(' ').trimEnd()}\n`;
}

/** Strings as they are, but for characters that would move the cursor; everything else as JSON. */
function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '·');
}
