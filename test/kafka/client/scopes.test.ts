import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumerProperties, producerProperties } from '../../../src/kafka/client/client-config.js';
import { byScope } from '../../../src/kafka/rdkafka.js';

const identity = { pluginPath: '/addon.node', handleId: 1 };
const cluster = { bootstrapServers: ['a:9092'], properties: new Map([['compression.type', 'lz4']]) };

test('topic properties are passed to node-rdkafka as such, where it does not drop them', () => {
  const consumer = byScope(
    consumerProperties(identity, {
      clientId: 'c',
      cluster,
      groupId: 'g',
      commitIntervalMs: 5000,
      statisticsIntervalMs: 0,
    }),
  );
  assert.deepEqual(consumer.topic, { 'auto.offset.reset': 'error' });
  // Set at both levels; the client's counts.
  assert.equal(consumer.client['enable.auto.commit'], 'true');
  const producer = byScope(producerProperties(identity, { clientId: 'c', cluster, queueBytesMax: 1 << 20 }));
  assert.deepEqual(producer.topic, { acks: 'all', 'message.timeout.ms': '0', partitioner: 'murmur2_random' });
  assert.equal(producer.client['compression.type'], 'lz4');
});

test('the plugin stays before the handle number that it must see', () => {
  const { client } = byScope(
    producerProperties(identity, { clientId: 'c', cluster, queueBytesMax: 1 << 20 }),
  );
  assert.deepEqual(Object.keys(client).slice(0, 2), ['plugin.library.paths', 'kd.handle']);
});
