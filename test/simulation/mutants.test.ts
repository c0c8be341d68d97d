import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MUTANTS } from './mutants.js';
import { makeScenario } from './scenario.js';
import { simulate } from './simulate.js';

/** A mutant that lives through so many runs is not caught. */
const RUNS_MAX = 400;
const SEEDS_MAX = 10_000;

for (const [name, { mutation, breaks, concerns }] of MUTANTS) {
  test(`the laws notice a dispatcher that ${name}`, async () => {
    let runs = 0;
    for (let seed = 1; seed <= SEEDS_MAX && runs < RUNS_MAX; seed += 1) {
      if (!concerns(makeScenario(seed))) continue;
      runs += 1;
      const { breach } = await simulate(seed, mutation);
      if (breach === undefined || !breaks.test(breach)) continue;
      const sound = await simulate(seed);
      if (sound.breach === undefined) return;
    }
    assert.fail(`it survived ${runs} runs`);
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
