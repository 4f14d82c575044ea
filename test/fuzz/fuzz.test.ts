import { expect, test } from 'vitest';
import { createSeeded } from '../soak/seeded.ts';
import { corpusTopics } from '../support/corpus.ts';
import { verdictFault } from './check-input.ts';
import { mutate, seedsOf } from './mutate.ts';

const seeds = seedsOf(corpusTopics());

test('every input of the corpus has a verdict', () => {
  for (const input of seeds) expect(verdictFault(input)).toBeNull();
});

test('whatever becomes of an input, it has a verdict (npm run fuzz:yaml for more)', () => {
  for (let run = 0; run < 500; run++) {
    const input = mutate(createSeeded(run), seeds);
    expect(verdictFault(input), `npm run fuzz:yaml -- --from ${run} --runs 1`).toBeNull();
  }
}, 60_000);

test('the fuzzer makes the same inputs of the same seed', () => {
  expect(mutate(createSeeded(7), seeds)).toEqual(mutate(createSeeded(7), seeds));
});
