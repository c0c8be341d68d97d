import assert from 'node:assert/strict';
import { test } from 'node:test';
import { producerProperties } from '../../src/kafka/client/client-config.js';
import { load, MINIMAL, problemOf, resolved } from './support.js';

const LATENCY = `${MINIMAL}dispatcher: { preset: latency }\n`;

test('without a preset requests wait for more records, which is cheapest', () => {
  const { producer } = resolved(MINIMAL);
  assert.equal(producer.properties.get('linger.ms'), '5');
  assert.match(producer.origins.get('linger.ms')?.note ?? '', /fuller requests/);
});

test('the preset latency sends records after a millisecond, and says where that comes from', () => {
  const { producer } = resolved(LATENCY);
  assert.equal(producer.properties.get('linger.ms'), '1');
  assert.match(producer.origins.get('linger.ms')?.note ?? '', /^default: dispatcher\.preset is latency/);
});

test('the preset changes nothing else of the producer, and nothing of the consumer', () => {
  const [plain, fast] = [resolved(MINIMAL), resolved(LATENCY)];
  assert.deepEqual(fast.consumer.properties, plain.consumer.properties);
  const others = (config: typeof plain): [string, string][] =>
    [...config.producer.properties].filter(([name]) => name !== 'linger.ms');
  assert.deepEqual(others(fast), others(plain));
  assert.equal(fast.consumer.origins.get('linger.ms'), undefined);
});

test("the user's own value wins over the preset, under any of its names", () => {
  const own = LATENCY.replace('topic: out', 'topic: out, properties: { linger.ms: 20 }');
  assert.equal(resolved(own).producer.properties.get('linger.ms'), '20');
  const alias = LATENCY.replace('topic: out', 'topic: out, properties: { queue.buffering.max.ms: 7 }');
  const { properties } = resolved(alias).producer;
  assert.equal(properties.get('queue.buffering.max.ms'), '7');
  assert.equal(properties.has('linger.ms'), false);
});

test('batches of few records are 5 ms apart, and as they come with the preset latency, unless set', () => {
  const interval = (text: string): number => resolved(text).dispatcher.batch.intervalMs;
  assert.equal(interval(MINIMAL), 5);
  assert.equal(interval(LATENCY), 0);
  assert.equal(interval(LATENCY.replace('latency }', 'latency, batch: { interval: 5ms } }')), 5);
  assert.equal(interval(`${MINIMAL}dispatcher: { batch: { interval: 20ms } }\n`), 20);
});

test('librdkafka gets what the preset says', () => {
  const { producer } = resolved(LATENCY);
  const identity = { handleId: 1, pluginPath: 'plugin' };
  const given = producerProperties(identity, { clientId: 'c', cluster: producer, queueBytesMax: 1_048_576 });
  assert.equal(given['linger.ms'], '1');
});

test('an unknown preset is refused with those that there are, and related words lead to it', () => {
  const wrong = load(`${MINIMAL}dispatcher: { preset: speed }\n`);
  assert.match(problemOf(wrong, 'dispatcher.preset').remedy ?? '', /throughput.*latency/);
  const near = load(`${MINIMAL}dispatcher: { optimize-for: latency }\n`);
  assert.match(problemOf(near, 'dispatcher.optimize-for').remedy ?? '', /dispatcher\.preset/);
});
