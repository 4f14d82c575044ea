import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PassFormat } from '../../../src/cli/commands.ts';
import { isDocument } from '../support/documents.ts';
import { eventsIn } from '../support/events.ts';
import { type BoundWorkspace, boundWorkspace } from '../support/onboarded.ts';

const birch = (credits: number) => `externalId: birch\nname: Birch Books\ncredits: ${credits}\n`;

function guarded(): Promise<BoundWorkspace> {
  return boundWorkspace({ 'customers/birch.yaml': birch(300) }, 'guards: { maxGrant: 1 }\n');
}

const printed = async (bound: BoundWorkspace, output: PassFormat, approve: readonly string[] = []) => {
  const context = bound.context();
  const exitCode = await bound.pass({ output, approve, dryRun: true }, context);
  return { exitCode, out: context.printed.out };
};

/** A plan that a dry run showed, and that is another one by now. */
async function reviewedAndChanged(): Promise<{ readonly bound: BoundWorkspace; readonly hash: string }> {
  const bound = await guarded();
  mkdirSync(join(bound.directory, '.reconcile'));
  const { planHash } = JSON.parse((await printed(bound, 'json')).out);
  writeFileSync(join(bound.directory, 'customers/birch.yaml'), birch(400));
  return { bound, hash: planHash };
}

describe('an approval of what a dry run showed', () => {
  it('is told, when it fits no more, with the difference, in every format and with one exit code', async () => {
    const { bound, hash } = await reviewedAndChanged();
    for (const output of ['text', 'github', 'markdown'] as const) {
      const { exitCode, out } = await printed(bound, output, [hash]);
      expect(exitCode).toBe(6);
      expect(out).toMatch(/- birch: grant 300 credits\n +granted {2}0 → 300\n +\+ birch: grant 400 credits/);
    }
    const credits = { gone: [{ externalId: 'birch', credits: 300 }], come: [{ externalId: 'birch', credits: 400 }] };

    const json = await printed(bound, 'json', [hash]);
    const document: unknown = JSON.parse(json.out);
    expect(isDocument(document), JSON.stringify(isDocument.errors)).toBe(true);
    expect(json.exitCode).toBe(6);
    expect(document).toMatchObject({
      staleApprovals: [hash],
      approvalDifferences: [{ hash, known: true, ...credits }],
    });

    const lines = await printed(bound, 'ndjson', [hash]);
    expect(lines.exitCode).toBe(6);
    expect(eventsIn(lines.out)).toContainEqual(
      expect.objectContaining({
        type: 'stale_approval',
        hash,
        known: true,
        come: [expect.objectContaining(credits.come[0] ?? {})],
      }),
    );
  });

  it('says that nothing can be compared where another place showed it', async () => {
    const bound = await guarded();
    const elsewhere = `sha256:${'0'.repeat(64)}`;
    const { out } = await printed(bound, 'json', [elsewhere]);
    expect(JSON.parse(out).approvalDifferences).toEqual([{ hash: elsewhere, known: false, gone: [], come: [] }]);
  });
});

describe('what a dry run leaves behind', () => {
  it('is nothing in a workspace that has no .reconcile/', async () => {
    const bound = await guarded();
    await printed(bound, 'text');
    expect(existsSync(join(bound.directory, '.reconcile'))).toBe(false);
    expect(bound.sandbox.snapshot().operations).toEqual([]);
  });

  it('is the plan that it showed where there is one, and nothing when there is no plan', async () => {
    const bound = await boundWorkspace({ 'customers/birch.yaml': birch(300) });
    await bound.pass();
    await printed(bound, 'text');
    expect(existsSync(join(bound.directory, '.reconcile/plans'))).toBe(false);
    writeFileSync(join(bound.directory, 'customers/birch.yaml'), birch(400));
    await printed(bound, 'text');
    expect(readdirSync(join(bound.directory, '.reconcile/plans'))).toHaveLength(1);
  });
});
