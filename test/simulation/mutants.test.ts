import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MUTANTS } from './mutants.js';
import { simulate } from './simulate.js';

/** A mutant that survives this many seeds is not caught. */
const SEEDS_MAX = 400;

for (const [name, { mutation, breaks }] of MUTANTS) {
  test(`the laws notice a dispatcher that ${name}`, async () => {
    for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
      const { breach } = await simulate(seed, mutation);
      if (breach === undefined || !breaks.test(breach)) continue;
      const sound = await simulate(seed);
      if (sound.breach === undefined) return;
    }
    assert.fail(`it survived ${SEEDS_MAX} seeds`);
  });
}

test('a seed always runs the same way', async () => {
  for (const seed of [3, 7, 11]) {
    const [one, two] = [await simulate(seed), await simulate(seed)];
    assert.equal(one.steps, two.steps);
    assert.deepEqual(one.report?.records, two.report?.records);
    assert.equal(one.ledger.handOvers, two.ledger.handOvers);
  }
});
