import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import type { Recipe } from '../support/java/requests.js';
import { KafkaCluster, withCluster } from '../support/kafka-cluster.js';

const recipe: Recipe = { seed: 5, records: 3000, partitions: 2, bytes: 60 };

test('a cluster of three keeps acknowledged records when a broker is killed and restarted', async () => {
  await withCluster({ brokers: 3 }, async (cluster) => {
    const topic = await cluster.createTopic('survives', { partitions: 2 });
    await cluster.tool.produce({ topic, recipe, to: 500 });
    await cluster.kill(2);
    await cluster.tool.produce({ topic, recipe, from: 500, to: 1000 });
    await cluster.restart(2);
    cluster.pause(1);
    cluster.resume(1);
    await cluster.tool.produce({ topic, recipe, from: 1000 });
    const { missing, duplicates, reordered, altered } = await cluster.tool.verify({
      topics: [topic],
      recipe,
    });
    assert.deepEqual(
      { missing, duplicates, reordered, altered },
      { missing: 0, duplicates: 0, reordered: 0, altered: 0 },
    );
    assert.ok(statSync(cluster.segmentFile(1, topic, 0)).size > 60 * 1500);
  });
});

test('stop leaves no processes or files behind', async () => {
  const cluster = await KafkaCluster.start({ brokers: 1 });
  const pid = cluster.pid(1);
  assert.ok(pid !== undefined && existsSync(cluster.folder));
  await cluster.stop();
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  assert.ok(!existsSync(cluster.folder));
});
