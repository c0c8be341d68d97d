/**
 * Error codes of deliveries and of reading, and their meanings. The tables are closed: an unknown code is
 * handled as the most careful kind. Numbers are librdkafka's own (`rdkafka.h`): negative ones come from the
 * library, positive ones from the broker; those below -10,000 from the addon (`native/writer.h`).
 */
import type { DeliveryFault, ReadFault } from '../core/faults.js';

/** `by-words`: the broker refuses a whole message set; only the guilty record has words of its own. */
type DeliveryKind = DeliveryFault | 'by-words';

interface DeliveryEntry {
  readonly name: string;
  readonly fault: DeliveryKind;
}

/** The addon's code for `partition: same`. */
export const COUNTS_DIFFER = -10_005;
/** The addon's code for a partition that the transform named and that the topic once had. */
export const PARTITION_GONE = -10_007;
/** The addon's code for the first record at or after the limit of a partition (`native/reader.h`). */
const LIMIT_REACHED = -10_008;
/** Reported for records in flight when the topic is deleted: the topic's fault, not theirs. */
export const UNKNOWN_PARTITION = -190;

const DELIVERY: ReadonlyMap<number, DeliveryEntry> = new Map<number, DeliveryEntry>([
  // Refused by the addon before they were sent, so no neighbour is involved.
  [-10_006, { name: 'LARGER_THAN_QUEUE', fault: 'record' }],
  [-10_004, { name: 'INVALID_PARTITION', fault: 'record' }],
  [-10_003, { name: 'MSG_SIZE_TOO_LARGE', fault: 'record' }],
  [-10_002, { name: 'BAD_BATCH', fault: 'fatal' }],
  [-10_001, { name: 'BAD_ROW', fault: 'fatal' }],
  [-186, { name: '_INVALID_ARG', fault: 'record' }],
  [32, { name: 'INVALID_TIMESTAMP', fault: 'by-words' }],
  [87, { name: 'INVALID_RECORD', fault: 'by-words' }],
  [-138, { name: '_INVALID_DIFFERENT_RECORD', fault: 'bystander' }],

  // These sizes apply to the message set, never to one record.
  [4, { name: 'INVALID_MSG_SIZE', fault: 'message-set' }],
  [10, { name: 'MSG_SIZE_TOO_LARGE', fault: 'message-set' }],
  [18, { name: 'RECORD_LIST_TOO_LARGE', fault: 'message-set' }],

  // partition: same, and the output lacks a partition that the input has.
  [COUNTS_DIFFER, { name: 'PARTITION_COUNTS_DIFFER', fault: 'destination' }],
  [PARTITION_GONE, { name: 'PARTITION_GONE', fault: 'destination' }],
  [UNKNOWN_PARTITION, { name: '_UNKNOWN_PARTITION', fault: 'destination' }],

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

export interface DeliveryVerdict {
  readonly fault: DeliveryFault;
  /** librdkafka's name, e.g. `MSG_SIZE_TOO_LARGE`. */
  readonly name: string;
}

/**
 * The meaning of a failed delivery. `named`: the broker said something about this very record. An unknown
 * code is `destination`: nothing is dropped or dead-lettered on a guess.
 */
export function deliveryVerdict(code: number, named: boolean): DeliveryVerdict {
  const name = deliveryFaultName(code);
  if (isRefusal(code)) return { fault: 'refused', name };
  const fault = DELIVERY.get(code)?.fault ?? 'destination';
  if (fault === 'by-words') return { fault: named ? 'record' : 'message-set', name };
  return { fault, name };
}

/** For codes that brokers send without words about the record. */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [
    COUNTS_DIFFER,
    'dispatcher.output.partition is same, but the input has partitions that this topic does not have; add ' +
      'partitions to it, or set dispatcher.output.partition: auto',
  ],
  [
    PARTITION_GONE,
    'the topic was deleted and created again with fewer partitions, and the transform names one of those ' +
      'that are gone; add partitions to it, or correct the transform',
  ],
  [-10_003, "the record is larger than the topic's max.message.bytes or the producer's message.max.bytes"],
  [10, "the record is larger than the topic's max.message.bytes"],
  [18, "the record is larger than the topic's segment.bytes"],
]);

export function deliveryMeaning(code: number): string | undefined {
  return MEANINGS.get(code);
}

/** librdkafka's name of a delivery error code; the number of an unknown code. */
export function deliveryFaultName(code: number): string {
  return DELIVERY.get(code)?.name ?? `ERROR_${code}`;
}

/** The code behind a name of {@link deliveryVerdict}. */
export function codeNamed(name: string): number {
  for (const [code, entry] of DELIVERY) if (entry.name === name) return code;
  for (const [code, [known]] of CONSUMER) if (known === name) return code;
  return Number(/^ERROR_(-?\d+)$/.exec(name)?.[1] ?? Number.NaN);
}

const REFUSALS: ReadonlySet<number> = new Set([-181, -169, 29, 30, 31, 33, 34, 53, 58, 65, 66]);

/**
 * Rights, credentials or certificates: trying again will not help (exit 8), unlike an unreachable destination
 * (exit 3).
 */
export function isRefusal(code: number): boolean {
  return REFUSALS.has(code);
}

const CONSUMER: ReadonlyMap<number, readonly [name: string, fault: ReadFault]> = new Map<
  number,
  readonly [string, ReadFault]
>([
  [LIMIT_REACHED, ['LIMIT_REACHED', 'limit']],
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
export function consumerFault(code: number): ReadFault {
  const entry = CONSUMER.get(code);
  if (entry !== undefined) return entry[1];
  return isRefusal(code) ? 'refused' : 'transient';
}

export function consumerFaultName(code: number): string {
  return CONSUMER.get(code)?.[0] ?? deliveryFaultName(code);
}
