/** Extracts from librdkafka's statistics what `/metrics` says of a client and its brokers. */
import type { ClientSide } from '../../core/client-side.js';
import type { BrokerFigures, ClientFigures } from '../../ports/client-figures.js';
import { field, type Statistics } from './document.js';

export function figuresOf(client: ClientSide, { document }: Statistics): ClientFigures {
  const brokers = valuesOf(field(document, 'brokers')).filter(isBroker).map(brokerOf);
  const rebalances = client === 'consumer' ? number(field(document, 'cgrp'), 'rebalance_cnt') : undefined;
  return {
    client,
    queue: client === 'consumer' ? fetched(document) : undelivered(document),
    rebalances,
    brokers,
  };
}

function undelivered(document: unknown): ClientFigures['queue'] {
  return {
    records: number(document, 'msg_cnt'),
    bytes: number(document, 'msg_size'),
    recordsMax: number(document, 'msg_max'),
    bytesMax: number(document, 'msg_size_max'),
  };
}

function fetched(document: unknown): ClientFigures['queue'] {
  let [records, bytes] = [0, 0];
  for (const topic of valuesOf(field(document, 'topics')))
    for (const partition of valuesOf(field(topic, 'partitions'))) {
      records += number(partition, 'fetchq_cnt');
      bytes += number(partition, 'fetchq_size');
    }
  return { records, bytes };
}

/** Not an address from bootstrap.servers, nor the second connection to a group's coordinator. */
function isBroker(broker: unknown): boolean {
  const id = field(broker, 'nodeid');
  return typeof id === 'number' && id >= 0 && field(broker, 'source') !== 'logical';
}

function brokerOf(broker: unknown): BrokerFigures {
  const roundTrip = field(broker, 'rtt');
  return {
    broker: number(broker, 'nodeid'),
    isUp: field(broker, 'state') === 'UP',
    roundTripMs:
      number(roundTrip, 'cnt') === 0
        ? undefined
        : { p50: number(roundTrip, 'p50') / 1000, p99: number(roundTrip, 'p99') / 1000 },
    throttleMsMax: number(field(broker, 'throttle'), 'max'),
    requestsWaiting: number(broker, 'outbuf_cnt') + number(broker, 'waitresp_cnt'),
    bytesSent: number(broker, 'txbytes'),
    bytesReceived: number(broker, 'rxbytes'),
    retries: number(broker, 'txretries'),
    sendErrors: number(broker, 'txerrs'),
    receiveErrors: number(broker, 'rxerrs'),
    timeouts: number(broker, 'req_timeouts'),
    disconnects: number(broker, 'disconnects'),
  };
}

function valuesOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** 0 for what is missing or negative. */
function number(value: unknown, name: string): number {
  const found = field(value, name);
  return typeof found === 'number' && found > 0 ? found : 0;
}
