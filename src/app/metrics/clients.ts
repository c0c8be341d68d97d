/** What the Kafka clients know of themselves and of their brokers. */
import type { BrokerFigures, ClientFigures } from '../../ports/client-figures.js';
import type { MetricFamily, MetricSample } from '../../ports/metrics.js';

/** Brokers of a client with series of their own: those with most traffic. */
export const BROKER_SERIES_MAX = 50;

export function clientFamilies(clients: readonly ClientFigures[]): readonly MetricFamily[] {
  const shown = clients.map((one) => ({ ...one, brokers: busiest(one.brokers) }));
  const leftOut = clients.map(({ client, brokers }) => ({
    labels: { client },
    value: Math.max(0, brokers.length - BROKER_SERIES_MAX),
  }));
  return [
    ...queueFamilies(clients),
    ...brokerFamilies(shown),
    gaugeOf('kd_brokers_left_out', 'Brokers without series of their own', leftOut),
  ];
}

function busiest(brokers: readonly BrokerFigures[]): readonly BrokerFigures[] {
  const bytes = (one: BrokerFigures): number => one.bytesSent + one.bytesReceived;
  return [...brokers].sort((a, b) => bytes(b) - bytes(a)).slice(0, BROKER_SERIES_MAX);
}

function queueFamilies(clients: readonly ClientFigures[]): MetricFamily[] {
  const each = (valueOf: (one: ClientFigures) => number | undefined): MetricSample[] =>
    clients.flatMap((one) => {
      const value = valueOf(one);
      return value === undefined ? [] : [{ labels: { client: one.client }, value }];
    });
  const rebalances = each((one) => one.rebalances);
  return [
    gaugeOf(
      'kd_client_queue_records',
      'Fetched and not yet read (consumer), or waiting for delivery (producer)',
      each(({ queue }) => queue.records),
    ),
    gaugeOf(
      'kd_client_queue_bytes',
      'Bytes of kd_client_queue_records',
      each(({ queue }) => queue.bytes),
    ),
    gaugeOf(
      'kd_client_queue_records_max',
      "The producer's limit: queue.buffering.max.messages",
      each(({ queue }) => queue.recordsMax),
    ),
    gaugeOf(
      'kd_client_queue_bytes_max',
      "The producer's limit: queue.buffering.max.kbytes",
      each(({ queue }) => queue.bytesMax),
    ),
    counterOf('kd_client_rebalances_total', 'Rebalances of the group since the client began', rebalances),
  ];
}

function brokerFamilies(clients: readonly ClientFigures[]): MetricFamily[] {
  const each = (valueOf: (one: BrokerFigures) => number): MetricSample[] =>
    clients.flatMap(({ client, brokers }) =>
      brokers.map((one) => ({ labels: { client, broker: String(one.broker) }, value: valueOf(one) })),
    );
  return [
    gaugeOf(
      'kd_broker_up',
      '1: the client is connected to the broker; it connects to those that it needs',
      each(({ isUp }) => Number(isUp)),
    ),
    roundTrips(clients),
    gaugeOf(
      'kd_broker_throttle_seconds',
      'The longest that a quota of the broker has made the client wait, over the last seconds',
      each(({ throttleMsMax }) => throttleMsMax / 1000),
    ),
    gaugeOf(
      'kd_broker_requests_waiting',
      'Requests that are not sent or not answered yet',
      each((one) => one.requestsWaiting),
    ),
    counterOf(
      'kd_broker_sent_bytes_total',
      'Bytes sent to the broker',
      each((one) => one.bytesSent),
    ),
    counterOf(
      'kd_broker_received_bytes_total',
      'Bytes received from the broker',
      each((one) => one.bytesReceived),
    ),
    counterOf(
      'kd_broker_retries_total',
      'Requests that were sent again',
      each((one) => one.retries),
    ),
    counterOf(
      'kd_broker_send_errors_total',
      'Requests that could not be sent',
      each((one) => one.sendErrors),
    ),
    counterOf(
      'kd_broker_receive_errors_total',
      'Answers that could not be read',
      each((one) => one.receiveErrors),
    ),
    counterOf(
      'kd_broker_timeouts_total',
      'Requests that were not answered in time',
      each((one) => one.timeouts),
    ),
    counterOf(
      'kd_broker_disconnects_total',
      'Connections to the broker that ended',
      each((one) => one.disconnects),
    ),
  ];
}

function roundTrips(clients: readonly ClientFigures[]): MetricFamily {
  const samples = clients.flatMap(({ client, brokers }) =>
    brokers.flatMap(({ broker, roundTripMs }) => {
      if (roundTripMs === undefined) return [];
      const at = (quantile: string, ms: number): MetricSample => ({
        labels: { client, broker: String(broker), quantile },
        value: ms / 1000,
      });
      return [at('0.5', roundTripMs.p50), at('0.99', roundTripMs.p99)];
    }),
  );
  return {
    name: 'kd_broker_round_trip_seconds',
    help: 'From a request to its answer, over the last seconds; a fetch waits for records',
    type: 'summary',
    samples,
  };
}

function gaugeOf(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function counterOf(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'counter', samples };
}
