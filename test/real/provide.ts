import { isThere, makePart, type Part } from './parts.ts';

/** Makes a part unless it is there; whether it is in the end. Silent about what is there, loud about what is not tested. */
export function provide(part: Part, isCheck: boolean): boolean {
  if (isThere(part)) return true;
  if (isCheck || part.make === null) return skipped(part, 'it is not there');
  say(`making ${part.name}, once, into ${part.path} …`);
  try {
    makePart(part);
    return true;
  } catch (error) {
    return skipped(part, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

function skipped({ name, neededFor }: Part, why: string): false {
  say(`!!! NOT TESTED for want of ${name} (${why}): ${neededFor}`);
  return false;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
