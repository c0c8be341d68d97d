import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Recipe } from '../../support/java/requests.js';
import { withCluster } from '../../support/kafka-cluster.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertExact, Job, sized } from '../job.js';

test(
  'every record passes three brokers exactly and in order: binary ' +
    'headers, null and empty keys and values, timestamps',
  async () => {
    await withCluster({ brokers: 3 }, async (cluster) => {
      const recipe: Recipe = {
        seed: 11,
        records: sized(1_000_000, 150_000),
        partitions: 8,
        keys: 'mixed',
        headers: true,
        holes: true,
        bytesMin: 20,
        bytesMax: 300,
      };
      const job = await Job.create({ cluster, partitions: recipe.partitions });
      await cluster.tool.produce({ topic: job.input, recipe });
      const { summary } = await job.runToEnd();
      assert.equal(summary.records.transformed, recipe.records);
      assert.equal(summary.records.emitted, recipe.records);
      assertExact(
        await cluster.tool.verify({ topics: [job.output], recipe, compare: 'bytes', samePartition: true }),
      );
      assert.equal(await job.committed(), recipe.records);
      job.remove();
    });
  },
);

test('a function over raw records keeps them exact too, on two worker threads', async () => {
  const cluster = await sharedCluster();
  const recipe: Recipe = {
    seed: 12,
    records: 60_000,
    partitions: 5,
    keys: 'mixed',
    headers: true,
    holes: true,
    bytesMin: 20,
    bytesMax: 300,
  };
  const job = await Job.create({
    cluster,
    partitions: recipe.partitions,
    transform: 'export default (value) => value;\n',
    dispatcher: { threads: 2 },
  });
  await cluster.tool.produce({ topic: job.input, recipe });
  await job.runToEnd();
  assertExact(
    await cluster.tool.verify({ topics: [job.output], recipe, compare: 'bytes', samePartition: true }),
  );
  job.remove();
});
