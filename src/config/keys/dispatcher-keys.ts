/** The keys of the section dispatcher. */
import type { Field } from './field.js';
import { MEMORY_KEYS } from './memory-keys.js';

const KIB = 1_024;
const MIB = 1_048_576;
const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

const FORMATS = ['raw', 'json', 'avro'] as const;

export const DISPATCHER_KEYS = {
  'dispatcher.transform': {
    format: 'path',
    default: null,
    doc: 'the module with your function; none: records pass through unchanged',
  },
  'dispatcher.input.format': {
    format: 'choice',
    default: 'raw',
    choices: FORMATS,
    doc: 'how values are read; required with a transform',
  },
  'dispatcher.input.schema.path': {
    format: 'path',
    default: null,
    doc: 'Avro schema the transform sees (`schema: ./in.avsc` for short)',
  },
  'dispatcher.input.schema.writer': {
    format: 'path',
    default: null,
    doc: 'Avro schema the records were written with, where it differs',
  },
  'dispatcher.input.schema.references': {
    format: 'paths',
    default: null,
    doc: 'further schema files whose types the schema names',
  },
  'dispatcher.input.tombstones': {
    format: 'choice',
    default: 'pass',
    choices: ['pass', 'drop', 'reject'],
    doc: 'records with a null value',
  },
  'dispatcher.input.long': {
    format: 'choice',
    default: 'number',
    choices: ['number', 'bigint'],
    doc: "64-bit integers: number refuses what it can't hold exactly",
  },
  'dispatcher.output.format': {
    format: 'choice',
    default: 'raw',
    choices: FORMATS,
    doc: 'how results are written',
  },
  'dispatcher.output.schema.path': {
    format: 'path',
    default: null,
    doc: 'Avro schema of the results (`schema: ./out.avsc` for short)',
  },
  'dispatcher.output.schema.references': {
    format: 'paths',
    default: null,
    doc: 'further schema files whose types the schema names',
  },
  'dispatcher.output.unknown-fields': {
    format: 'choice',
    default: 'reject',
    choices: ['reject', 'ignore'],
    doc: 'Avro: a field of a result that the schema does not have',
  },
  'dispatcher.output.partition': {
    format: 'choice',
    default: 'auto',
    choices: ['auto', 'same', 'key', 'sticky'],
    doc: "auto: the source's where counts match; key: murmur2, as Java",
  },
  'dispatcher.output.timestamp': {
    format: 'choice',
    default: 'source',
    choices: ['source', 'now'],
    doc: 'timestamp of the results',
  },
  'dispatcher.output.source-headers': {
    format: 'boolean',
    default: false,
    doc: 'results have headers that name their source, for kd why: kd-source-topic, -partition, -offset',
  },
  'dispatcher.delivery': {
    format: 'choice',
    default: 'at-least-once',
    choices: ['at-least-once'],
    reserved: { 'exactly-once': 'exactly-once delivery is not available yet' },
    doc: 'delivery guarantee',
  },
  'dispatcher.ordering': {
    format: 'choice',
    default: 'output',
    choices: ['output', 'partition', 'none'],
    reserved: { key: 'ordering by key is not available yet' },
    doc: 'what may run at once, and the order of the results',
  },
  'dispatcher.threads': {
    format: 'integer-or-auto',
    default: 'auto',
    min: 0,
    max: 1_024,
    doc: "auto: cores − 1 within the container's limits, at least 1; 0: in the main thread, for debugging",
  },
  'dispatcher.pool': {
    format: 'choice',
    default: 'shared',
    choices: ['shared', 'own'],
    doc:
      'several pipelines: shared: its tasks take turns with those of the others, by weight; own: it ' +
      'computes whenever it has work',
  },
  'dispatcher.weight': {
    format: 'integer',
    default: 1,
    min: 1,
    max: 1_000,
    doc: 'several pipelines: its share of the budget, relative to the others',
  },
  'dispatcher.concurrency': {
    format: 'integer',
    default: 64,
    min: 1,
    max: 100_000,
    doc: 'async transforms running at once in one worker',
  },
  'dispatcher.timeout': {
    format: 'duration',
    default: '30s',
    min: 10,
    max: DAY,
    doc: 'a worker that finishes no record for this long is replaced',
  },
  'dispatcher.preset': {
    format: 'choice',
    default: 'throughput',
    choices: ['throughput', 'latency'],
    doc:
      'latency: defaults for the shortest way of a record (`linger.ms` 1, `batch.interval` 0ms), at more ' +
      'requests and CPU per record below full speed; what you set yourself wins',
  },
  'dispatcher.rate': {
    format: 'rate',
    default: null,
    doc: 'maximum speed of reading: records, such as 50000/s, or bytes, such as 20MB/s; none: no limit',
  },
  'dispatcher.throttle-lag': {
    format: 'group-lags',
    default: null,
    doc:
      'groups on the cluster of the input that this run must not hold up, with the most records each may ' +
      'lag behind, such as live:10000: the run reads more slowly when a lag comes near it',
  },
  'dispatcher.batch.records-max': {
    format: 'integer',
    default: 16_000,
    min: 1,
    max: 1_000_000,
    doc: 'maximum records per batch; slow transforms get smaller batches automatically',
  },
  'dispatcher.batch.bytes-max': {
    format: 'size-or-auto',
    default: 'auto',
    min: 16 * KIB,
    max: 1_024 * MIB,
    doc:
      'size of a batch; auto: an equal share of in-flight.bytes-max for each batch in flight, ' +
      'at most 1 MiB',
  },
  'dispatcher.batch.linger': {
    format: 'duration',
    default: '0ms',
    min: 0,
    max: 60 * SECOND,
    doc: 'how long a batch waits for more records',
  },
  'dispatcher.batch.interval': {
    format: 'duration',
    default: '5ms',
    min: 0,
    max: SECOND,
    doc:
      'least time between two batches of few records (below 256), each of which costs what hundreds of ' +
      'records cost: a record waits for the rest of it, one that comes later does not wait; 0ms with ' +
      'preset latency, unless set',
  },
  'dispatcher.batch.output-bytes-max': {
    format: 'size',
    default: '8MiB',
    min: 16 * KIB,
    max: 1_024 * MIB,
    doc: 'largest output of one batch; a record beyond it is rejected (OUTPUT_TOO_LARGE)',
  },
  ...MEMORY_KEYS,
  'dispatcher.dead-letter.topic': {
    format: 'topic',
    default: null,
    doc: 'where rejected records go; none: the first rejected record stops the run, exit 5',
  },
  'dispatcher.dead-letter.stop-above': {
    format: 'percent',
    default: '10%',
    min: 0,
    max: 100,
    doc:
      'when more of the last 10,000 records became dead letters (at least 100 of them), the run stops with ' +
      'their codes, exit 5; 100%: never',
  },
  'dispatcher.dead-letter.timestamp': {
    format: 'choice',
    default: 'now',
    choices: ['now', 'source'],
    doc: "timestamp of dead letters; kd-timestamp carries the source's in both cases",
  },
  'dispatcher.dead-letter.samples': {
    format: 'choice',
    default: 'auto',
    choices: ['auto', 'full', 'masked', 'none'],
    doc:
      'what status, log and summary show of their messages: masked hides what they quote of records; ' +
      'auto: masked if there is a server.port, else full',
  },
  'dispatcher.unknown-topic': {
    format: 'choice',
    default: 'reject',
    choices: ['reject', 'stop'],
    doc:
      'what happens to a record that the transform sends to a topic that does not exist: ' +
      'UNKNOWN_TOPIC, or exit 3',
  },
  'dispatcher.commit-interval': {
    format: 'duration',
    default: '1s',
    min: 10,
    max: DAY,
    doc: 'how often offsets are committed',
  },
  'dispatcher.drain-timeout': {
    format: 'duration',
    default: '25s',
    min: 0,
    max: HOUR,
    doc: 'at a stop: time to settle the records in flight',
  },
  'dispatcher.rebalance-drain-timeout': {
    format: 'duration',
    default: '5s',
    min: 0,
    max: HOUR,
    doc: 'at a rebalance: time to settle the records of revoked partitions; the whole group waits',
  },
  'dispatcher.stall-timeout': {
    format: 'duration',
    default: '5m',
    min: SECOND,
    max: DAY,
    doc: 'how long a topic may refuse writes before the run stops, exit 3',
  },
  'dispatcher.jobs-topic': {
    format: 'topic',
    default: 'kd-jobs',
    doc:
      'compacted topic on the input cluster that keeps the ends and the progress of jobs (run --job); ' +
      'created if it is missing',
  },
  'dispatcher.reload-interval': {
    format: 'duration',
    default: '30s',
    min: 0,
    max: DAY,
    doc:
      'how often the files behind the clients (stores, secrets, this file) are checked for changes; ' +
      'a change creates new clients; 0s: only on SIGHUP',
  },
  'dispatcher.reload-timeout': {
    format: 'duration',
    default: '5m',
    min: 0,
    max: DAY,
    doc: 'how long new clients may fail to start after a reload before the run ends with the reason',
  },
} as const satisfies Readonly<Record<string, Field>>;
