import type { ClientSide } from '../core/client-side.js';

/** What a Kafka client knows of one broker. Counts are since the client was created. */
export interface BrokerFigures {
  /** Its node id. */
  readonly broker: number;
  readonly isUp: boolean;
  /** From a request to its answer, over the last seconds; undefined: there was none. */
  readonly roundTripMs: { readonly p50: number; readonly p99: number } | undefined;
  /** The longest that a quota has made this client wait, over the last seconds. */
  readonly throttleMsMax: number;
  /** Requests that were not sent, or not answered yet. */
  readonly requestsWaiting: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly retries: number;
  readonly sendErrors: number;
  readonly receiveErrors: number;
  readonly timeouts: number;
  readonly disconnects: number;
}

/** A Kafka client's own figures, from its newest report. */
export interface ClientFigures {
  readonly client: ClientSide;
  /** Of a producer: waiting for delivery. Of a consumer: fetched, and not yet read. */
  readonly queue: {
    readonly records: number;
    readonly bytes: number;
    /** Undefined for a consumer, whose limits do not count alone. */
    readonly recordsMax?: number;
    readonly bytesMax?: number;
  };
  /** Of a consumer: how often its group distributed the partitions again. */
  readonly rebalances: number | undefined;
  readonly brokers: readonly BrokerFigures[];
}
