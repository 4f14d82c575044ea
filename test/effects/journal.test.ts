import { describe, expect, test } from 'vitest';
import { createFileJournal, readJournal } from '../../src/effects/file-journal.ts';
import { atEveryCrash, atEveryError, atEveryPowerLoss } from '../support/fault-enumeration.ts';
import { createMemoryFileSystem, type MemoryFileSystem } from '../support/memory-filesystem.ts';

const path = '/work/.reconcile/journal.jsonl';
const first = { at: '2026-11-01T00:00:00Z', step: 'grant', customer: 'acme-coffee' };
const second = { at: '2026-11-01T00:00:01Z', step: 'grant', outcome: 'ok' };

function prepare(): MemoryFileSystem {
  const fileSystem = createMemoryFileSystem();
  fileSystem.plantDirectory('/work/.reconcile');
  return fileSystem;
}

function entriesIn(fileSystem: MemoryFileSystem): readonly unknown[] {
  const read = readJournal(path, fileSystem);
  if (!read.ok) throw new Error(read.message);
  return read.contents.entries;
}

const scenario = {
  prepare,
  act: (fileSystem: MemoryFileSystem) => {
    const journal = createFileJournal(path, fileSystem);
    return [journal.append(first).ok, journal.append(second).ok];
  },
};

describe('the journal', () => {
  test('is one line of JSON per entry, in a private file', () => {
    const fileSystem = prepare();
    expect(scenario.act(fileSystem)).toEqual([true, true]);
    expect(fileSystem.textOf(path)).toBe(`${JSON.stringify(first)}\n${JSON.stringify(second)}\n`);
    expect(fileSystem.modeOf(path)).toBe(0o600);
    expect(fileSystem.pendingChanges()).toEqual([]);
  });

  test('goes on behind a line that a crash cut short', () => {
    const fileSystem = prepare();
    fileSystem.plant(path, '{"at":"2026-1');
    expect(createFileJournal(path, fileSystem).append(first)).toEqual({ ok: true });
    expect(readJournal(path, fileSystem)).toEqual({ ok: true, contents: { entries: [first], damagedLines: 1 } });
  });

  test('skips damaged lines wherever they are and says how many', () => {
    const fileSystem = prepare();
    fileSystem.plant(path, `${JSON.stringify(first)}\nnull\n[1]\n\u0000\u0000\n\n${JSON.stringify(second)}\n{"a":`);
    expect(readJournal(path, fileSystem)).toEqual({
      ok: true,
      contents: { entries: [first, second], damagedLines: 4 },
    });
  });

  test('is empty when there is none', () => {
    expect(readJournal(path, prepare())).toEqual({ ok: true, contents: { entries: [], damagedLines: 0 } });
  });

  test('begins again when somebody moves the file away', () => {
    const fileSystem = prepare();
    const journal = createFileJournal(path, fileSystem);
    journal.append(first);
    fileSystem.rename(path, `${path}.1`);
    expect(journal.append(second)).toEqual({ ok: true });
    expect(entriesIn(fileSystem)).toEqual([second]);
  });

  test.each([
    ['an API key', { body: { secret: `lp_live_ABCDEFGHJKMNPQRS_${'x'.repeat(43)}` } }],
    ['a signing secret', { note: ['whsec_c2VjcmV0c2VjcmV0'] }],
    ['a secret as a name', { whsec_c2VjcmV0c2VjcmV0: true }],
  ])('refuses an entry with %s, and does not repeat it', (_reason, entry) => {
    const fileSystem = prepare();
    const result = createFileJournal(path, fileSystem).append(entry);
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toMatch(/whsec_|lp_live_/);
    expect(fileSystem.files()).toEqual({});
  });

  test('takes the masked prefix of a key, which is no secret', () => {
    expect(createFileJournal(path, prepare()).append({ prefix: 'lp_live_ABCDEFGHJKMNPQRS' })).toEqual({ ok: true });
  });
});

describe('whatever strikes while the journal is written', () => {
  test('a crash loses at most the line that was not reported, and the next line is readable', async () => {
    await atEveryCrash(scenario, (fileSystem, { label }) => {
      const kept = entriesIn(fileSystem);
      expect([[], [first], [first, second]], label).toContainEqual(kept);
      expect(createFileJournal(path, fileSystem).append({ after: 'crash' }), label).toEqual({ ok: true });
      expect(entriesIn(fileSystem), label).toEqual([...kept, { after: 'crash' }]);
    });
  });

  test('a line that was reported survives a loss of power', async () => {
    await atEveryPowerLoss(scenario, (fileSystem, { label }, finished) => {
      if (finished) expect(entriesIn(fileSystem), label).toEqual([first, second]);
    });
  });

  test('a line that was reported is there, whatever failed around it', async () => {
    await atEveryError(scenario, (fileSystem, [firstOk, secondOk], { label }) => {
      const kept = entriesIn(fileSystem);
      if (firstOk) expect(kept, label).toContainEqual(first);
      if (secondOk) expect(kept, label).toContainEqual(second);
      expect(firstOk && secondOk, label).toBe(false);
    });
  });

  test('a line that the disk cut short spoils no other', () => {
    const fileSystem = prepare();
    const journal = createFileJournal(path, fileSystem);
    fileSystem.onOperation = ({ kind, index }) =>
      kind === 'write' ? (index < 4 ? { short: 9 } : { fail: 'ENOSPC' }) : undefined;
    expect(journal.append(first)).toEqual({
      ok: false,
      message: `could not write the journal ${path}: the disk is full (ENOSPC)`,
    });
    fileSystem.onOperation = null;
    expect(journal.append(second)).toEqual({ ok: true });
    expect(entriesIn(fileSystem)).toEqual([second]);
  });
});
