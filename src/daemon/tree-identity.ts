import { readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Links that are looked at each time; more than anybody has, and few enough to look at each second. */
const linksMax = 1_000;

/** Where each of some places really lies. */
export type TreeIdentity = ReadonlyMap<string, string>;

/**
 * Where the declarations really lie. It changes when a directory was replaced by another of the same name, and when a
 * link was: the workspace itself or one above it (git-sync), `customers`, or one below it (the `..data` of a ConfigMap).
 * Events tell of none of these while the old tree is kept.
 */
export function treeIdentity(directory: string, links: readonly string[]): TreeIdentity {
  const places = [directory, join(directory, 'customers'), join(directory, 'reconcile.yaml'), ...links];
  return new Map(places.map((path) => [path, placeOf(path)]));
}

/** True when a place that both know lies elsewhere now. */
export function isReplaced(before: TreeIdentity, after: TreeIdentity): boolean {
  return [...after].some(([path, place]) => (before.get(path) ?? place) !== place);
}

function placeOf(path: string): string {
  try {
    const real = realpathSync(path);
    const facts = statSync(real);
    // A file gets a new number with every replacement, our own among them; those are seen as events.
    return facts.isDirectory() ? `${real} ${facts.dev}:${facts.ino}` : real;
  } catch {
    return 'missing';
  }
}

/** The links below `customers/`, those of a ConfigMap's files left out: they all lead through its `..data`. */
export function linksBelow(directory: string): readonly string[] {
  const links: string[] = [];
  const pending = [join(directory, 'customers')];
  for (let path = pending.pop(); path !== undefined && links.length < linksMax; path = pending.pop()) {
    for (const entry of entriesOf(path)) {
      const child = join(path, entry.name);
      if (entry.isDirectory() && !entry.name.startsWith('.')) pending.push(child);
      else if (entry.isSymbolicLink() && !leadsThroughData(child)) links.push(child);
    }
  }
  return links;
}

function entriesOf(path: string): readonly { name: string; isDirectory(): boolean; isSymbolicLink(): boolean }[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

function leadsThroughData(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('..data/');
  } catch {
    return true;
  }
}
