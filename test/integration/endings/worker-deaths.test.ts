// @alone: each record may take half a second at most, harmless ones too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Recipe } from '../../support/java/requests.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertExact, Job } from '../job.js';

/** Twenty of the records end their worker, in five ways. */
const DEADLY = `
export default (value, record) => {
  const { offset, partition } = record;
  if (partition !== 0 || offset % 2500 !== 1234) return value;
  switch (Math.floor(offset / 2500) % 5) {
    case 0: setImmediate(() => { throw new Error('late') }); return new Promise(() => {});
    case 1: { const hoard: unknown[] = []; for (;;) hoard.push(new Array(100_000).fill(offset)); }
    case 2: for (;;) {}
    case 3: process.exit(3);
    default: return new Promise(() => {});
  }
};`;

test(
  '20 of 200,000 records that end their worker in five ways become dead letters; all others ' +
    'arrive exact and in order',
  async () => {
    const cluster = await sharedCluster();
    const recipe: Recipe = { seed: 31, records: 200_000, partitions: 4, keys: 'sequence', idHeader: true };
    const job = await Job.create({
      cluster,
      partitions: 4,
      deadLetter: true,
      transform: DEADLY,
      dispatcher: { timeout: '500ms', concurrency: 1 },
    });
    await cluster.tool.produce({ topic: job.input, recipe });
    const { summary } = await job.runToEnd({
      timeoutMs: 400_000,
      args: ['--set', 'dispatcher.dead-letter.timestamp=source'],
    });
    assert.equal(summary.records.deadLettered, 20, JSON.stringify(summary.deadLetteredBy));
    assert.equal(summary.records.transformed, recipe.records - 20);
    const letters = await cluster.tool.consume([job.deadLetters]);
    const offsets = letters
      .map(({ headers }) => Number(headers.find(([name]) => name === 'kd-offset')?.[1]?.toString()))
      .sort((a, b) => a - b);
    assert.deepEqual(
      offsets,
      Array.from({ length: 20 }, (_, i) => i * 2500 + 1234),
    );
    const text = (headers: (typeof letters)[number]['headers'], name: string): string | undefined =>
      headers.find(([header]) => header === name)?.[1]?.toString();
    // A promise that never settles does not end its worker.
    for (const { headers } of letters)
      assert.equal(
        text(headers, 'kd-stage'),
        text(headers, 'kd-code') === 'TIMEOUT' ? 'transform' : 'worker',
      );
    assert.equal(letters.filter(({ headers }) => text(headers, 'kd-code') === 'TIMEOUT').length, 4);
    assertExact(
      await cluster.tool.verify({
        topics: [job.output, job.deadLetters],
        recipe,
        headerPrefixIgnored: 'kd-',
      }),
    );
    job.remove();
  },
);
