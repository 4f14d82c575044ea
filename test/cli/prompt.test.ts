import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createPrompt } from '../../src/cli/prompt.ts';

function terminal() {
  const [stdin, stderr] = [new PassThrough(), new PassThrough()];
  const controller = new AbortController();
  const prompt = createPrompt({ stdin, stderr }, controller.signal);
  return { stdin, stderr, prompt, abort: () => controller.abort() };
}

describe('questions at a terminal', () => {
  it('are answered by one line each, also when all lines come at once', async () => {
    const { stdin, stderr, prompt } = terminal();
    stdin.write('one\ntwo\n\n');
    expect([await prompt('1? '), await prompt('2? '), await prompt('3? ')]).toEqual(['one', 'two', '']);
    stdin.write('four\n');
    expect(await prompt('4? ')).toBe('four');
    expect(String(stderr.read())).toBe('1? 2? 3? 4? ');
  });

  it('stay unanswered when the input ends, from then on', async () => {
    const { stdin, prompt } = terminal();
    stdin.end('last');
    expect([await prompt('1? '), await prompt('2? '), await prompt('3? ')]).toEqual(['last', null, null]);
  });

  it('stay unanswered at a signal, before and after it', async () => {
    const { prompt, abort } = terminal();
    const waiting = prompt('1? ');
    abort();
    expect([await waiting, await prompt('2? ')]).toEqual([null, null]);
  });

  it('rest in between, so that they keep no process alive', async () => {
    const { stdin, prompt } = terminal();
    stdin.write('one\n');
    await prompt('1? ');
    expect(stdin.isPaused()).toBe(true);
  });
});
