/**
 * `npx tsx test/real/kubernetes.ts`: gets the real parts that are missing. With `--check` it only looks: exit code 0 when
 * the API server and etcd are there. Silent about what is there, loud about what is not tested.
 */
import { apiServer, etcd, isThere, makePart, type Part, parts } from './parts.ts';

const isCheck = process.argv.includes('--check');

/** Whether the part is there in the end. */
function provide(part: Part): boolean {
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

const there = new Map(parts.map((part) => [part, provide(part)]));
process.exitCode = there.get(apiServer) && there.get(etcd) ? 0 : 1;
