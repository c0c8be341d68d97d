import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statisticsOf } from '../../../src/kafka/statistics/document.js';
import { figuresOf } from '../../../src/kafka/statistics/figures.js';
import type { ClientFigures } from '../../../src/ports/client-figures.js';

function figures(client: 'consumer' | 'producer', document: unknown): ClientFigures {
  const statistics = statisticsOf({ message: JSON.stringify(document) });
  assert.ok(statistics !== undefined);
  return figuresOf(client, statistics);
}

const BROKER = { nodeid: 1, source: 'learned', state: 'UP', txbytes: 5, rxbytes: 7, outbuf_cnt: 1 };

test('addresses and the connection to a coordinator are no brokers; others are told by their id', () => {
  const { brokers } = figures('producer', {
    brokers: {
      'a:9092/bootstrap': { ...BROKER, nodeid: -1, source: 'configured' },
      'a:9092/1': {
        ...BROKER,
        waitresp_cnt: 2,
        rtt: { cnt: 9, p50: 1_500, p99: 20_000 },
        throttle: { max: 300 },
        txretries: 3,
        txerrs: 4,
        rxerrs: 5,
        req_timeouts: 6,
        disconnects: 8,
      },
      'b:9092/2': { ...BROKER, nodeid: 2, state: 'DOWN', rtt: { cnt: 0, p50: 0, p99: 0 } },
      GroupCoordinator: { ...BROKER, source: 'logical' },
    },
  });
  assert.deepEqual(
    brokers.map(({ broker, isUp }) => [broker, isUp]),
    [
      [1, true],
      [2, false],
    ],
  );
  assert.deepEqual(brokers[0], {
    broker: 1,
    isUp: true,
    roundTripMs: { p50: 1.5, p99: 20 },
    throttleMsMax: 300,
    requestsWaiting: 3,
    bytesSent: 5,
    bytesReceived: 7,
    retries: 3,
    sendErrors: 4,
    receiveErrors: 5,
    timeouts: 6,
    disconnects: 8,
  });
  assert.equal(brokers[1]?.roundTripMs, undefined, 'nothing was asked');
});

test("a producer's queue waits for delivery, a consumer's was fetched from all partitions", () => {
  const queue = { msg_cnt: 1, msg_size: 2, msg_max: 3, msg_size_max: 4 };
  assert.deepEqual(figures('producer', queue).queue, { records: 1, bytes: 2, recordsMax: 3, bytesMax: 4 });
  const partition = { fetchq_cnt: 10, fetchq_size: 100 };
  const topics = { a: { partitions: { 0: partition, 1: partition } }, b: { partitions: { 0: partition } } };
  const consumer = figures('consumer', { ...queue, topics, cgrp: { rebalance_cnt: 7 } });
  assert.deepEqual(consumer.queue, { records: 30, bytes: 300 });
  assert.equal(consumer.rebalances, 7);
});

test('a document that says nothing, or nonsense, is no reason to fail', () => {
  for (const message of ['', '[', '1', 'null', undefined]) assert.equal(statisticsOf({ message }), undefined);
  const strange = figures('consumer', { brokers: 7, topics: [null, 'x'], cgrp: 'no' });
  assert.deepEqual(strange, {
    client: 'consumer',
    queue: { records: 0, bytes: 0 },
    rebalances: 0,
    brokers: [],
  });
});
