import { nearest } from './suggest.ts';
import { printable, quoted, unquoted } from './yaml/printable.ts';
import type { ProblemText } from './yaml/source-text.ts';
import { plainNumber, type YamlNode } from './yaml/tree.ts';

/** The name that stands in messages, how the value is written, and what YAML made of it. */
export interface ReadValue {
  readonly field: string;
  readonly scalar: YamlNode['scalar'];
  readonly value: unknown;
}

/** Why a value is not of the type that its place wants. */
export function explainType(expected: string, read: ReadValue, members: readonly string[]): ProblemText {
  switch (expected) {
    case 'number':
    case 'int':
      return explainNumber(read);
    case 'string':
      return explainText(read);
    case 'boolean':
      return explainBoolean(read);
    case 'array':
      return {
        code: 'WrongType',
        message: `${read.field} must be a list, not ${describeValue(read)}.`,
        hint: 'Write the entries between [ ], or each on a line of its own after "- ".',
      };
    default:
      return {
        code: 'WrongType',
        message: `${read.field} must be a map of members, not ${describeValue(read)}.`,
        hint: members.length === 0 ? 'Write name: value below it, indented.' : `Its members are ${members.join(', ')}.`,
      };
  }
}

export function explainChoice(choices: readonly string[], { field, ...read }: ReadValue): ProblemText {
  const close = read.scalar === null ? null : nearest(read.scalar.source, choices);
  return {
    code: 'InvalidValue',
    message: `${field} must be ${listed(choices)}, not ${describeValue({ field, ...read })}.`,
    hint: close === null ? undefined : `Did you mean ${close}?`,
  };
}

function listed(choices: readonly string[]): string {
  if (choices.length === 1) return `${choices[0]} (nothing else exists yet)`;
  return choices.length > 6
    ? `one of ${choices.join(', ')}`
    : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

function explainNumber(read: ReadValue): ProblemText {
  const { field, scalar } = read;
  const code = 'InvalidNumber';
  if (scalar === null || typeof read.value === 'boolean' || read.value === null) {
    return { code, message: `${field} must be a whole number, not ${describeValue(read)}.` };
  }
  const written = printable(scalar.source);
  if (!scalar.plain && plainNumber.test(written)) {
    return { code, message: `${field} must be a number, and it is written as a text.`, hint: `Write ${written}.` };
  }
  if (/^-\.?[0-9]/.test(written)) return { code, message: `${field} must not be negative.` };
  if (/^0[0-9]+$/.test(written)) {
    return {
      code,
      message: `${field} must not begin with a zero: some readers take ${written} for an octal number.`,
      hint: suggestDigits(written.replace(/^0+(?=.)/, '')),
    };
  }
  if (/^[0-9]{14,}$/.test(written)) return { code, message: `${field} must have at most 13 digits.` };
  if (/^[0-9][0-9_,.'\s]*[_,'\s][0-9]+$/.test(written)) {
    return {
      code,
      message: `${field} must be written in plain digits, without separators.`,
      hint: hasThousands.test(written) ? suggestDigits(written.replace(/[^0-9]/g, '')) : undefined,
    };
  }
  if (/\p{Nd}/u.test(written.replace(/[0-9]/g, ''))) {
    return { code, message: `${field} must be written with the digits 0 to 9, not ${quoted(written)}.` };
  }
  const isPlainNumber = scalar.plain && typeof read.value === 'number';
  return {
    code,
    message: `${field} must be a whole number in plain digits, not ${quoted(written)}.`,
    hint: isPlainNumber && !isAmbiguous.test(written) ? suggestDigits(String(Number(written))) : undefined,
  };
}

/** Groups of three digits, or underscores, which only ever separate: with these it is certain which number is meant. */
const hasThousands = /^(?:[0-9]{1,3}(?:([,'\s])[0-9]{3})(?:\1[0-9]{3})*|[0-9]+(?:_[0-9]+)+)$/;

/** 5.000 is five for some people and five thousand for others, and this is money: nothing is suggested. */
const isAmbiguous = /\.[0-9]{3}$/;

function suggestDigits(digits: string): string | undefined {
  return plainNumber.test(digits) ? `Write ${digits}, if that is what is meant.` : undefined;
}

function explainText(read: ReadValue): ProblemText {
  const { field, scalar, value } = read;
  if (scalar === null) {
    const hint = Array.isArray(value)
      ? undefined
      : 'A colon with a space behind it makes a map: remove the space, or quote the text.';
    return { code: 'WrongType', message: `${field} must be a text, not ${describeValue(read)}.`, hint };
  }
  if (value === null) {
    return {
      code: 'WrongType',
      message: `${field} must be a text, and YAML reads ${unquoted(scalar.source)} as no value.`,
      hint: `Leave it out; or, if that very word is meant, quote it: ${quoted(scalar.source)}.`,
    };
  }
  const kind = typeof value === 'boolean' ? 'a truth value' : 'a number';
  return {
    code: 'WrongType',
    message: `${field} must be a text, and YAML reads ${unquoted(scalar.source)} as ${kind}.`,
    hint: `Quote it: ${quoted(scalar.source)}.`,
  };
}

function explainBoolean(read: ReadValue): ProblemText {
  const written = read.scalar?.source.toLowerCase() ?? '';
  const meant = ['true', 'yes', 'on'].includes(written)
    ? 'true'
    : ['false', 'no', 'off'].includes(written)
      ? 'false'
      : null;
  return {
    code: 'WrongType',
    message: `${read.field} must be true or false, not ${describeValue(read)}.`,
    hint: meant === null ? undefined : `Write ${meant}, without quotes.`,
  };
}

function describeValue({ scalar, value }: ReadValue): string {
  if (scalar === null) return Array.isArray(value) ? 'a list' : 'a map';
  if (value === null) return 'null';
  return quoted(scalar.source);
}
