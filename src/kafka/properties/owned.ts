/**
 * Properties that the dispatcher sets itself, because its promises depend on them: users can't set them, each
 * with the reason, and the values that the clients get. One table for the refusal, the clients and --explain.
 */

export interface Ownership {
  readonly reason: string;
  /** The key to use instead, if there is one. */
  readonly instead?: string;
}

const COMMITS = 'the dispatcher commits offsets itself, only for settled records';

export const ownedProperties: ReadonlyMap<string, Ownership> = new Map<string, Ownership>([
  ['metadata.broker.list', { reason: 'it has a key of its own', instead: 'kafka.bootstrap-servers' }],
  ['enable.auto.commit', { reason: COMMITS }],
  ['auto.commit.enable', { reason: COMMITS }],
  ['enable.auto.offset.store', { reason: COMMITS }],
  ['offset.store.method', { reason: COMMITS }],
  ['offset.store.path', { reason: COMMITS }],
  ['offset.store.sync.interval.ms', { reason: COMMITS }],
  ['enable.partition.eof', { reason: 'its events would move the position past records' }],
  ['check.crcs', { reason: 'it is always on: a corrupt record must stop the run, not pass' }],
  [
    'consume.callback.max.messages',
    { reason: 'records are not read through callbacks', instead: 'dispatcher.batch.records-max' },
  ],
  ['delivery.report.only.error', { reason: 'acknowledgements are counted per batch' }],
  [
    'message.timeout.ms',
    {
      reason: 'a record is retried until it is delivered; a deadline would break the order',
      instead: 'dispatcher.stall-timeout',
    },
  ],
  ['partitioner', { reason: 'the dispatcher chooses partitions', instead: 'dispatcher.output.partition' }],
  [
    'sticky.partitioning.linger.ms',
    { reason: 'the dispatcher chooses partitions', instead: 'dispatcher.output.partition' },
  ],
  ['queuing.strategy', { reason: 'another order than first in, first out would break the order of records' }],
  ['enable.gapless.guarantee', { reason: 'the dispatcher handles failed records' }],
  [
    'transactional.id',
    { reason: 'exactly-once delivery is not available yet', instead: 'dispatcher.delivery' },
  ],
  [
    'transaction.timeout.ms',
    { reason: 'exactly-once delivery is not available yet', instead: 'dispatcher.delivery' },
  ],
  ['plugin.library.paths', { reason: 'it loads the data plane' }],
  ['kd.handle', { reason: 'it is private to the data plane' }],
  ['statistics.interval.ms', { reason: 'the dispatcher reads the statistics itself, at its own interval' }],
  ['enabled_events', { reason: 'the data plane handles events' }],
  ['log.queue', { reason: "librdkafka's log goes to the dispatcher's log", instead: 'logging.level' }],
]);

export interface FixedProperty {
  readonly name: string;
  readonly value: string;
  readonly why: string;
}

/** The properties that the clients get on top of the user's, in every configuration. */
export const FIXED_PROPERTIES: Readonly<Record<'consumer' | 'producer', readonly FixedProperty[]>> = {
  consumer: [
    {
      name: 'enable.auto.commit',
      value: 'true',
      why: 'commits what was stored, and only settled records are stored',
    },
    { name: 'enable.auto.offset.store', value: 'false', why: 'offsets are stored for settled records only' },
    {
      // librdkafka's own reset reads a topic again, or skips it, after one damaged byte.
      name: 'auto.offset.reset',
      value: 'error',
      why: 'the dispatcher decides positions: kafka.consumer.auto-offset-reset, kafka.consumer.out-of-range',
    },
    { name: 'enable.partition.eof', value: 'false', why: 'its events would move the position past records' },
    { name: 'check.crcs', value: 'true', why: 'a corrupt record stops the run' },
  ],
  producer: [
    {
      name: 'message.timeout.ms',
      value: '0',
      why: 'no deadline: it would break the order; dispatcher.stall-timeout decides',
    },
    {
      // Acknowledged records would occupy the queue until they are polled; the addon counts them in C.
      name: 'delivery.report.only.error',
      value: 'true',
      why: 'acknowledgements are counted per batch',
    },
    {
      name: 'partitioner',
      value: 'murmur2_random',
      why: 'the dispatcher names a partition for every record',
    },
  ],
};
