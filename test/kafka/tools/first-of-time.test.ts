import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstOfTimeWith } from '../../../src/kafka/tools/first-of-time.js';
import { readTopic } from '../../../src/kafka/tools/topic-reader.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { native } from '../member.js';
import { RecordingLogger } from '../support.js';

const TIME_MS = Date.parse('2026-11-20T00:00:00Z');
/** More than the first round reads of a partition. */
const BEHIND = 1_500;
const BULK = 50_000;

test('a partition that ends with a marker does not make the others be read to their ends', async () => {
  const cluster = await sharedCluster();
  const { tool } = cluster;
  const topic = uniqueName('first-of-time');
  await cluster.createTopic(topic, { partitions: 3 });
  const old = (partition: number) => ({ partition, value: Buffer.from('old'), timestamp: TIME_MS - 1 });
  const young = { partition: 2, value: Buffer.from('young'), timestamp: TIME_MS };
  // In partitions 1 and 2 the brokers answer with the marker, which is written now.
  await tool.sendTransaction(topic, [old(1), old(2)], 'commit');
  await tool.sendTransaction(topic, [...Array.from({ length: BEHIND }, () => old(2)), young], 'commit');
  const recipe = { records: BULK, partitions: 1, timestampBaseMs: TIME_MS + 1 };
  await tool.produce({ topic, recipe });
  let rows = 0;
  const firstOfTime = firstOfTimeWith(
    {
      clientId: 'test',
      cluster: { bootstrapServers: [cluster.bootstrapServers], properties: new Map() },
      native,
      logger: new RecordingLogger(),
      nowMs: () => performance.now(),
    },
    (options, handle) =>
      readTopic(options, (batch, partitionOf) => {
        rows += batch.rowCount;
        return handle(batch, partitionOf);
      }),
  );
  const begins = [0, 1, 2].map((partition) => ({ topic, partition, offset: Math.min(partition, 1) }));
  const found = await firstOfTime(TIME_MS, begins);
  assert.deepEqual(found.map(({ partition, offset, isRecord }) => [partition, offset, isRecord]).sort(), [
    [0, 0, true],
    [2, BEHIND + 2, true],
  ]);
  assert.ok(rows < BULK / 2, `${rows} records were read`);
});
