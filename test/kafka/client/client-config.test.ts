import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import {
  checkCreatable,
  checkFeatures,
  consumerProperties,
  producerProperties,
} from '../../../src/kafka/client/client-config.js';
import { loadNative } from '../../../src/kafka/native.js';

const IDENTITY = { pluginPath: '/addon.node', handleId: 7 };
const cluster = (properties: Record<string, string>) => ({
  bootstrapServers: ['a:1', 'b:2'],
  properties: new Map(Object.entries(properties)),
});
const consumer = (properties: Record<string, string>) =>
  consumerProperties(IDENTITY, {
    clientId: 'name',
    cluster: cluster(properties),
    groupId: 'g',
    commitIntervalMs: 1000,
    statisticsIntervalMs: 1000,
  });

test('the plugin is the first property and its handle the second, whatever the user sets', () => {
  const hostile = { 'kd.handle': '99', 'plugin.library.paths': '/other.so', 'client.id': 'x' };
  for (const properties of [
    consumer(hostile),
    producerProperties(IDENTITY, {
      clientId: 'name',
      cluster: cluster({ 'linger.ms': '1' }),
      queueBytesMax: 1,
    }),
  ]) {
    assert.deepEqual(Object.keys(properties).slice(0, 2), ['plugin.library.paths', 'kd.handle']);
  }
  assert.equal(consumer(hostile)['client.id'], 'name');
});

test("the user can't override what kd sets for offsets, resets and acknowledgements", () => {
  const properties = consumer({
    'auto.offset.reset': 'earliest',
    'enable.auto.offset.store': 'true',
    'check.crcs': 'false',
    'fetch.min.bytes': '9',
  });
  assert.equal(properties['auto.offset.reset'], 'error');
  assert.equal(properties['enable.auto.offset.store'], 'false');
  assert.equal(properties['check.crcs'], 'true');
  assert.equal(properties['fetch.min.bytes'], '9');
  const producer = producerProperties(IDENTITY, {
    clientId: 'n',
    cluster: cluster({ 'message.timeout.ms': '5', 'delivery.report.only.error': 'false' }),
    queueBytesMax: 24 * 1024 * 1024,
  });
  assert.equal(producer['message.timeout.ms'], '0');
  assert.equal(producer['delivery.report.only.error'], 'true');
  assert.equal(producer['queue.buffering.max.kbytes'], 24_576);
});

test('a consumer can fetch whatever producers may send, however small its fetch sizes', () => {
  for (const properties of [
    { 'message.max.bytes': '20000000' },
    { 'fetch.max.bytes': '500000' },
    { 'fetch.max.bytes': '1000' },
  ]) {
    assert.doesNotThrow(
      () => checkCreatable(loadNative(), 'consumer', consumer(properties)),
      JSON.stringify(properties),
    );
  }
  assert.equal(consumer({})['message.max.bytes'], 1_000_000);
});

test(
  'a message set stays below the smallest limit of the output topics, a single record may reach ' +
    'the largest',
  () => {
    const limits = { largestBytes: 5_000_000, smallestBytes: 3_000 };
    const properties = producerProperties(IDENTITY, {
      clientId: 'n',
      cluster: cluster({}),
      queueBytesMax: 24 << 20,
      topicLimits: limits,
    });
    assert.equal(properties['message.max.bytes'], 5_000_000);
    assert.equal(properties['batch.size'], 3_000);
  },
);

test(
  'small limits do not lower the size of a record, since other topics may accept more; no record ' +
    'may exceed the queue',
  () => {
    const sizes = (largestBytes: number, properties: Record<string, string> = {}): unknown[] => {
      const topicLimits = { largestBytes, smallestBytes: 3_000 };
      const all = producerProperties(IDENTITY, {
        clientId: 'n',
        cluster: cluster(properties),
        queueBytesMax: 24 << 20,
        topicLimits,
      });
      return [all['message.max.bytes'], all['batch.size']];
    };
    assert.deepEqual(sizes(3_000), [1_048_588, 3_000]);
    assert.deepEqual(sizes(100 << 20), [24 << 20, 3_000]);
    assert.deepEqual(sizes(3_000, { 'compression.type': 'lz4' }), [24 << 20, 3_000]);
    assert.deepEqual(sizes(8 << 20, { 'message.max.bytes': '2000', 'batch.size': '99' }), ['2000', '99']);
  },
);

test(
  'a feature that this librdkafka was built without is refused before a client is created, with ' +
    'the package to install',
  () => {
    assert.throws(
      () => checkFeatures(cluster({ 'compression.codec': 'zstd' }), new Set(['gzip'])),
      (error) =>
        error instanceof DispatcherError &&
        error.code === 'CONFIGURATION' &&
        /libzstd-dev/.test(error.remedy ?? ''),
    );
    checkFeatures(
      cluster({ 'compression.codec': 'zstd', 'security.protocol': 'sasl_ssl' }),
      new Set(['zstd', 'ssl']),
    );
  },
);
