/**
 * What librdkafka's error codes mean for us. Closed tables: a code that is not in them is handled as the most
 * careful class. Numbers are librdkafka's own (`rdkafka.h`): negative ones come from the library itself,
 * positive ones from the broker.
 */

/**
 * - `record`: this record can never be delivered → dead letter, stage `deliver`.
 * - `neighbour`: it failed because of another record of its message set → isolate in smaller batches.
 * - `destination`: its topic or partition can't be written now → stall up to `stall-timeout`, then stop.
 * - `fatal`: the producer is done for → stop.
 */
export type DeliveryFault = 'record' | 'neighbour' | 'destination' | 'fatal';

interface DeliveryEntry {
  readonly name: string;
  readonly fault: DeliveryFault;
  /**
   * The broker answers with it for a whole message set: the guilty record can't be told from its neighbours
   * when several fail with it.
   */
  readonly wholeSet?: true;
}

const DELIVERY: ReadonlyMap<number, DeliveryEntry> = new Map<number, DeliveryEntry>([
  [-190, { name: '_UNKNOWN_PARTITION', fault: 'record' }],
  [-186, { name: '_INVALID_ARG', fault: 'record' }],
  // Of the addon, not of librdkafka: refused before it was sent, so its neighbours have no part in it.
  [-10_003, { name: 'MSG_SIZE_TOO_LARGE', fault: 'record' }],
  [10, { name: 'MSG_SIZE_TOO_LARGE', fault: 'record', wholeSet: true }],
  [32, { name: 'INVALID_TIMESTAMP', fault: 'record', wholeSet: true }],
  [87, { name: 'INVALID_RECORD', fault: 'record', wholeSet: true }],

  [-138, { name: '_INVALID_DIFFERENT_RECORD', fault: 'neighbour' }],
  [4, { name: 'INVALID_MSG_SIZE', fault: 'neighbour' }],
  [18, { name: 'RECORD_LIST_TOO_LARGE', fault: 'neighbour' }],

  [-196, { name: '_FAIL', fault: 'destination' }],
  [-195, { name: '_TRANSPORT', fault: 'destination' }],
  [-192, { name: '_MSG_TIMED_OUT', fault: 'destination' }],
  [-188, { name: '_UNKNOWN_TOPIC', fault: 'destination' }],
  [-187, { name: '_ALL_BROKERS_DOWN', fault: 'destination' }],
  [-185, { name: '_TIMED_OUT', fault: 'destination' }],
  [-184, { name: '_QUEUE_FULL', fault: 'destination' }],
  [-181, { name: '_SSL', fault: 'destination' }],
  [-169, { name: '_AUTHENTICATION', fault: 'destination' }],
  [-166, { name: '_TIMED_OUT_QUEUE', fault: 'destination' }],
  [-152, { name: '_PURGE_QUEUE', fault: 'destination' }],
  [-151, { name: '_PURGE_INFLIGHT', fault: 'destination' }],
  [2, { name: 'INVALID_MSG', fault: 'destination' }],
  [3, { name: 'UNKNOWN_TOPIC_OR_PART', fault: 'destination' }],
  [5, { name: 'LEADER_NOT_AVAILABLE', fault: 'destination' }],
  [6, { name: 'NOT_LEADER_FOR_PARTITION', fault: 'destination' }],
  [7, { name: 'REQUEST_TIMED_OUT', fault: 'destination' }],
  [8, { name: 'BROKER_NOT_AVAILABLE', fault: 'destination' }],
  [9, { name: 'REPLICA_NOT_AVAILABLE', fault: 'destination' }],
  [13, { name: 'NETWORK_EXCEPTION', fault: 'destination' }],
  [17, { name: 'TOPIC_EXCEPTION', fault: 'destination' }],
  [19, { name: 'NOT_ENOUGH_REPLICAS', fault: 'destination' }],
  [20, { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', fault: 'destination' }],
  [21, { name: 'INVALID_REQUIRED_ACKS', fault: 'destination' }],
  [29, { name: 'TOPIC_AUTHORIZATION_FAILED', fault: 'destination' }],
  [31, { name: 'CLUSTER_AUTHORIZATION_FAILED', fault: 'destination' }],
  [43, { name: 'UNSUPPORTED_FOR_MESSAGE_FORMAT', fault: 'destination' }],
  [44, { name: 'POLICY_VIOLATION', fault: 'destination' }],
  [56, { name: 'KAFKA_STORAGE_ERROR', fault: 'destination' }],
  [58, { name: 'SASL_AUTHENTICATION_FAILED', fault: 'destination' }],
  [76, { name: 'UNSUPPORTED_COMPRESSION_TYPE', fault: 'destination' }],
  [89, { name: 'THROTTLING_QUOTA_EXCEEDED', fault: 'destination' }],

  [-150, { name: '_FATAL', fault: 'fatal' }],
  [-149, { name: '_INCONSISTENT', fault: 'fatal' }],
  [-148, { name: '_GAPLESS_GUARANTEE', fault: 'fatal' }],
  [-144, { name: '_FENCED', fault: 'fatal' }],
  [45, { name: 'OUT_OF_ORDER_SEQUENCE_NUMBER', fault: 'fatal' }],
  [46, { name: 'DUPLICATE_SEQUENCE_NUMBER', fault: 'fatal' }],
  [47, { name: 'INVALID_PRODUCER_EPOCH', fault: 'fatal' }],
  [49, { name: 'INVALID_PRODUCER_ID_MAPPING', fault: 'fatal' }],
  [59, { name: 'UNKNOWN_PRODUCER_ID', fault: 'fatal' }],
  [90, { name: 'PRODUCER_FENCED', fault: 'fatal' }],
]);

/**
 * The class of a failed delivery. `failedTogether`: how many rows of the batch failed with this code. A
 * broker refuses a whole message set with some codes, so a row is blamed for those only when it failed alone;
 * several are `neighbour`. An unknown code is `destination`: nothing is dropped or dead-lettered on a guess.
 */
export function deliveryFault(code: number, failedTogether = 1): DeliveryFault {
  const entry = DELIVERY.get(code);
  if (entry === undefined) return 'destination';
  return entry.wholeSet === true && failedTogether > 1 ? 'neighbour' : entry.fault;
}

/**
 * librdkafka's name of a code that a delivery can fail with, e.g. `MSG_SIZE_TOO_LARGE`; a number for an
 * unknown one.
 */
export function deliveryFaultName(code: number): string {
  return DELIVERY.get(code)?.name ?? `ERROR_${code}`;
}

const REFUSALS: ReadonlySet<number> = new Set([-181, -169, 29, 30, 31, 33, 34, 53, 58, 65, 66]);

/**
 * Rights, credentials or certificates: trying again will not help (exit 8), unlike a destination that is away
 * (exit 3).
 */
export function isRefusal(code: number): boolean {
  return REFUSALS.has(code);
}

/**
 * What the reader may meet in the place of records.
 * - `closing`: the log can't be read on from here; positions after it are not to be trusted. Settle below it,
 * commit, stop.
 * - `out-of-range`: the offset is not in the log; `consumer.out-of-range` decides.
 * - `refused`: rights; stop.
 * - `transient`: librdkafka tries again by itself; read on from the reader's own next offset.
 */
export type ConsumerFault = 'closing' | 'out-of-range' | 'refused' | 'transient';

const CONSUMER: ReadonlyMap<number, readonly [name: string, fault: ConsumerFault]> = new Map<
  number,
  readonly [string, ConsumerFault]
>([
  [-199, ['_BAD_MSG', 'closing']],
  [-198, ['_BAD_COMPRESSION', 'closing']],
  [-170, ['_NOT_IMPLEMENTED', 'closing']],
  [-165, ['_UNSUPPORTED_FEATURE', 'closing']],
  [-155, ['_UNDERFLOW', 'closing']],
  [-149, ['_INCONSISTENT', 'closing']],
  [2, ['INVALID_MSG', 'closing']],
  [4, ['INVALID_MSG_SIZE', 'closing']],
  [10, ['MSG_SIZE_TOO_LARGE', 'closing']],
  [76, ['UNSUPPORTED_COMPRESSION_TYPE', 'closing']],
  [-140, ['_AUTO_OFFSET_RESET', 'out-of-range']],
  [-139, ['_LOG_TRUNCATION', 'out-of-range']],
  [-168, ['_NO_OFFSET', 'out-of-range']],
  [1, ['OFFSET_OUT_OF_RANGE', 'out-of-range']],
]);

/**
 * The class of a fault row. An unknown code is `transient`: the partition is read again from the same offset,
 * so nothing is skipped.
 */
export function consumerFault(code: number): ConsumerFault {
  const entry = CONSUMER.get(code);
  if (entry !== undefined) return entry[1];
  return isRefusal(code) ? 'refused' : 'transient';
}

export function consumerFaultName(code: number): string {
  return CONSUMER.get(code)?.[0] ?? deliveryFaultName(code);
}
