import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { formsOf } from '../../../src/effects/layers/wording.ts';
import { createCommandSecretStore } from '../../../src/effects/secrets/command-store.ts';
import {
  exited,
  type FakeSecretProgram,
  fakeSecretProgram,
  type ProgramFault,
  type Verb,
} from '../../support/fake-secret-program.ts';
import { describeSecretStore, expectStruckPutToLoseNothing, first, plain, second, shown, slot } from './contract.ts';

/** The protocol, against a program in memory; command-program.test.ts runs real ones. */

const PATH = 'org_parent/customers/acme-coffee/acme-integration';

function storeWith(program: FakeSecretProgram, hidden: readonly Secret[] = []) {
  let made = 0;
  return createCommandSecretStore({ program, hidden, chance: { uuid: () => `fresh-${made++}` } });
}

describe.each([{ compares: true }, { compares: false }])('where the program compares revisions: $compares', (kind) => {
  describeSecretStore('a program', async () => {
    const program = fakeSecretProgram(kind);
    return () => storeWith(program);
  });
});

const documentOf = (program: FakeSecretProgram) => JSON.parse(program.kept.get(PATH) ?? 'null');

describe('what a program is handed', () => {
  test('is one document on one line, with the secret as a member that people can take out', async () => {
    const program = fakeSecretProgram();
    await storeWith(program).put(slot, first);
    await storeWith(program).put(slot, second);
    expect(program.kept.get(PATH)).toMatch(/^\{[^\n]*\}\n$/);
    expect(documentOf(program)).toEqual({
      slot: PATH,
      secret: second.secret.reveal(),
      id: second.id,
      prefix: second.prefix,
      createdAt: second.createdAt,
      previousSecret: first.secret.reveal(),
      previousId: first.id,
      previousPrefix: first.prefix,
      previousCreatedAt: first.createdAt,
      revision: 2,
    });
  });

  test('are a verb, a path and a revision: no secret, in no form', async () => {
    const program = fakeSecretProgram();
    const store = storeWith(program);
    await store.probe(slot);
    await store.put(slot, first);
    await store.put(slot, second);
    await store.removePrevious(slot);
    const told = program.runs.flatMap(({ args }) => args).join('\n');
    for (const { secret } of [first, second])
      for (const form of formsOf(secret.reveal())) expect(told).not.toContain(form);
    expect(program.runs.filter(({ verb }) => verb === 'delete').map(({ path }) => path)).toEqual([`${PATH}.probe`]);
  });

  test('is nothing while all is as it should be', async () => {
    const program = fakeSecretProgram();
    const store = storeWith(program);
    await store.put(slot, first);
    program.runs.splice(0);
    await store.put(slot, first);
    await store.read(slot);
    await store.removePrevious(slot);
    await store.settle(slot);
    expect(new Set(program.runs.map(({ verb }) => verb))).toEqual(new Set(['get']));
  });

  test('keeps what people added to a document', async () => {
    const program = fakeSecretProgram();
    await storeWith(program).put(slot, first);
    program.kept.set(PATH, JSON.stringify({ ...documentOf(program), owner: 'team-a', tags: ['x'] }));
    await storeWith(program).put(slot, second);
    expect(documentOf(program)).toMatchObject({ owner: 'team-a', tags: ['x'], revision: 2 });
    expect(shown(await storeWith(program).read(slot))).toEqual(plain(second));
  });
});

describe('a proof that nothing is minted into the void', () => {
  test.each<{ reason: string; verb: Verb; fault: ProgramFault; says: string }>([
    { reason: 'cannot be started', verb: 'get', fault: 'not-started', says: 'cannot be started' },
    { reason: 'cannot read', verb: 'get', fault: 'failed', says: 'The backend is away' },
    { reason: 'cannot write', verb: 'put', fault: 'failed', says: 'put' },
    { reason: 'hangs', verb: 'put', fault: 'killed-before', says: 'did not end within 30 seconds' },
    { reason: 'cannot delete', verb: 'delete', fault: 'failed', says: 'delete' },
    { reason: 'deletes nothing', verb: 'delete', fault: exited(0), says: 'still there after a delete' },
    { reason: 'writes nothing', verb: 'put', fault: exited(0), says: 'does not read back' },
    { reason: 'ends well and prints nothing', verb: 'get', fault: exited(0), says: 'exit code 66' },
    { reason: 'prints although nothing is there', verb: 'get', fault: exited(66, '{}'), says: 'printed something' },
    { reason: 'says "not there" in its own way', verb: 'get', fault: exited(1), says: 'exit code 1 and said nothing' },
  ])('fails where the program $reason', async ({ verb, fault, says }) => {
    const program = fakeSecretProgram();
    program.fault = (run) => (run.verb === verb ? fault : null);
    const probed = await storeWith(program).probe(slot);
    expect(probed).toMatchObject({ ok: false, message: expect.stringContaining(says) });
    expect(program.kept.has(PATH)).toBe(false);
  });

  test.each([
    { reason: 'expands what looks like a variable', mangle: (text: string) => text.replaceAll('$HOME', '/root') },
    { reason: 'takes backslashes away', mangle: (text: string) => text.replaceAll('\\\\', '\\') },
    { reason: 'squeezes spaces', mangle: (text: string) => text.replaceAll('  ', ' ') },
    { reason: 'cuts a long value', mangle: (text: string) => text.slice(0, 512) },
    { reason: 'keeps its last line alone', mangle: () => '' },
  ])('fails where the program $reason', async ({ mangle }) => {
    const program = fakeSecretProgram();
    program.mangle = mangle;
    expect(await storeWith(program).probe(slot)).toMatchObject({ ok: false });
  });

  test('goes on from the probe of a process that died', async () => {
    const program = fakeSecretProgram();
    program.fault = ({ verb }) => (verb === 'delete' ? 'killed-before' : null);
    expect(await storeWith(program).probe(slot)).toMatchObject({ ok: false });
    program.fault = () => null;
    expect(await storeWith(program).probe(slot)).toMatchObject({ ok: true });
    expect([...program.kept.keys()]).toEqual([]);
  });
});

describe('a document', () => {
  test.each([
    { reason: 'a secret that somebody put there by hand', text: second.secret.reveal() },
    { reason: 'half of one of ours', text: '{"slot":"org_parent/customers/acme' },
    { reason: 'somebody else’s', text: '{"password":"hunter22"}' },
    { reason: 'a copy of another slot’s', text: '{"slot":"org_parent/customers/birch/k","secret":"x","id":"y"}' },
    { reason: 'a list', text: '[1]' },
  ])('that is $reason is never written over, believed or repeated', async ({ text }) => {
    const program = fakeSecretProgram({ compares: false });
    program.kept.set(PATH, text);
    const store = storeWith(program);
    for (const result of [
      await store.probe(slot),
      await store.put(slot, first),
      await store.read(slot),
      await store.removePrevious(slot),
    ]) {
      expect(result).toMatchObject({ ok: false, message: expect.stringContaining('belongs to something else') });
      expect(JSON.stringify(result)).not.toContain('hunter22');
      expect(JSON.stringify(result)).not.toContain(second.secret.reveal());
    }
    expect(program.kept.get(PATH)).toBe(text);
  });

  test('that holds a secret nobody can name is told, not believed, and set aside when a new one comes', async () => {
    const program = fakeSecretProgram();
    await storeWith(program).put(slot, first);
    program.kept.set(PATH, JSON.stringify({ ...documentOf(program), secret: second.secret.reveal() }));
    const store = storeWith(program);
    expect(await store.read(slot)).toMatchObject({ ok: false, message: expect.stringContaining('unknown key') });
    expect(await store.probe(slot)).toMatchObject({ ok: false });
    expect(await store.put(slot, first)).toMatchObject({ ok: true });
    expect(shown(await store.read(slot))).toEqual(plain(first));
    expect(Object.entries(documentOf(program))).toContainEqual([
      expect.stringMatching(/^unknown-/),
      second.secret.reveal(),
    ]);
  });
});

describe('faults', () => {
  const kinds: readonly ProgramFault[] = ['failed', 'killed-before', 'killed-after', 'not-started'];
  const points = [0, 1, 2, 3].flatMap((point) => kinds.map((fault) => ({ point, fault })));

  test.each(points)('at run $point of a put ($fault) neither mix secrets up nor lose one', async ({ point, fault }) => {
    const program = fakeSecretProgram();
    let seen = 0;
    await expectStruckPutToLoseNothing(() => storeWith(program), {
      strike: () => {
        program.fault = () => (seen++ === point ? fault : null);
      },
      mend: () => {
        program.fault = () => null;
      },
    });
  });

  test('of a program that ends well and has written nothing are no success', async () => {
    const program = fakeSecretProgram();
    program.fault = ({ verb }) => (verb === 'put' ? exited(0) : null);
    expect(await storeWith(program).put(slot, first)).toMatchObject({
      ok: false,
      message: expect.stringContaining('read back'),
    });
  });

  test('of one that says "nothing there" of what is there overwrite nothing, where it compares', async () => {
    const program = fakeSecretProgram();
    await storeWith(program).put(slot, first);
    program.fault = ({ verb }) => (verb === 'get' ? exited(66) : null);
    expect(await storeWith(program).put(slot, second)).toMatchObject({
      ok: false,
      message: expect.stringContaining('somebody was faster'),
    });
    program.fault = () => null;
    expect(shown(await storeWith(program).read(slot))).toEqual(plain(first));
  });

  test('in words repeat no secret, neither one that is written nor one that is there nor one that it was given', async () => {
    const program = fakeSecretProgram();
    const given = new Secret('correct-horse-battery');
    await storeWith(program).put(slot, first);
    for (const form of [first, second, { secret: given }].flatMap(({ secret }) => formsOf(secret.reveal()))) {
      program.fault = ({ verb }) => (verb === 'put' ? exited(1, '', `no: ${form}\u001b[2J\n`) : null);
      const result = await storeWith(program, [given]).put(slot, second);
      expect(result).toMatchObject({ ok: false, message: expect.stringContaining('[secret]') });
      expect(JSON.stringify(result)).not.toContain(form);
      expect(JSON.stringify(result)).not.toMatch(/\\u001b/);
    }
  });
});

describe('two writers', () => {
  /** The program as one writer sees it whose first put is not alone. */
  function withRival(program: FakeSecretProgram, when: 'before' | 'after', rival: () => Promise<unknown>) {
    let isFirst = true;
    return {
      ...program,
      run: async (args: readonly string[], input: Secret | null) => {
        if (args[0] !== 'put' || !isFirst) return program.run(args, input);
        isFirst = false;
        if (when === 'before') await rival();
        const end = await program.run(args, input);
        if (when === 'after') await rival();
        return end;
      },
    };
  }

  test.each([
    { compares: true, when: 'before', current: second, previous: first },
    { compares: true, when: 'after', current: first, previous: second },
    { compares: false, when: 'after', current: first, previous: second },
  ] as const)('lose neither secret: comparing $compares, the rival $when', async ({ compares, when, ...want }) => {
    const program = fakeSecretProgram({ compares });
    const store = storeWith(withRival(program, when, () => storeWith(program).put(slot, first)));
    expect(await store.put(slot, second)).toMatchObject({ ok: true });
    expect(shown(await store.read(slot))).toEqual(plain(want.current));
    expect(shown(await store.readPrevious(slot))).toEqual(plain(want.previous));
  });

  test('where the program does not compare, one whose secret was written over sees it and writes again', async () => {
    const program = fakeSecretProgram({ compares: false });
    const [rivalWrote, weWrote] = [signal(), signal()];
    // The rival writes, and reads back only after we wrote over it what we made of an earlier look.
    const rival = storeWith({
      ...program,
      run: async (args, input) => {
        if (args[0] === 'get' && rivalWrote.isGiven()) await weWrote.given;
        const end = await program.run(args, input);
        if (args[0] === 'put') rivalWrote.give();
        return end;
      },
    });
    const ours = storeWith(
      withRival(program, 'before', async () => {
        rivals = rival.put(slot, first);
        await rivalWrote.given;
      }),
    );
    let rivals: Promise<unknown> = Promise.resolve();
    const put = ours.put(slot, second);
    await rivalWrote.given;
    await put;
    weWrote.give();
    expect(await rivals).toMatchObject({ ok: true });
    expect(shown(await storeWith(program).read(slot))).toEqual(plain(first));
    expect(shown(await storeWith(program).readPrevious(slot))).toEqual(plain(second));
  });
});

function signal() {
  let isGiven = false;
  let resolve = () => {};
  const given = new Promise<void>((done) => {
    resolve = done;
  });
  const give = () => {
    isGiven = true;
    resolve();
  };
  return { given, give, isGiven: () => isGiven };
}
