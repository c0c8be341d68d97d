/**
 * Every key of the YAML file but the free maps: kind, default, bounds and one line of documentation. The one
 * source of all of these.
 */

export type FieldKind =
  | 'text'
  | 'path'
  | 'integer'
  | 'boolean'
  | 'choice'
  | 'size'
  | 'duration'
  | 'list'
  | 'paths'
  | 'topics'
  | 'topic'
  | 'servers'
  | 'integer-or-auto'
  | 'size-or-auto'
  | 'level';

export interface Field {
  readonly path: string;
  readonly kind: FieldKind;
  /** As one would write it in the file; null = none. */
  readonly fallback: string | number | boolean | null;
  readonly doc: string;
  readonly choices?: readonly string[];
  /** Choices that are reserved: refused with this reason instead of "not one of". */
  readonly reserved?: Readonly<Record<string, string>>;
  /** Bounds in the base unit: bytes, milliseconds, or the number itself. */
  readonly min?: number;
  readonly max?: number;
}

const KIB = 1_024;
const MIB = 1_048_576;
const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

const FORMATS = ['raw', 'json', 'avro'] as const;

const SERVERS_DOC =
  'host:port, comma-separated text, a list, or the JSON of `aws kafka get-bootstrap-brokers`';

// biome-ignore format: a table, one key a line
export const FIELDS: readonly Field[] = [
  { path: 'name', kind: 'text', fallback: null, doc: "names the job in " + "client.id, logs " + "and metrics; " + "default: the file's name" },

  { path: 'kafka.bootstrap-servers', kind: 'servers', fallback: null, doc: SERVERS_DOC },
  { path: 'kafka.properties-file', kind: 'path', fallback: null, doc: 'a client.properties of ' + 'Kafka\'s own tools; ' + 'what stands under ' + 'properties wins' },
  { path: 'kafka.token-provider', kind: 'path', fallback: null, doc: 'module that ' + 'fetches tokens for ' + 'OAUTHBEARER: default ' + 'export async () => ({ ' + 'token, expiryTime })' },
  { path: 'kafka.consumer.bootstrap-servers', kind: 'servers', fallback: null, doc: 'the cluster to read from, ' + 'where it is another one' },
  { path: 'kafka.consumer.group-id', kind: 'text', fallback: null, doc: 'consumer group; ' + 'instances of one ' + 'group share the partitions' },
  { path: 'kafka.consumer.topics', kind: 'topics', fallback: null, doc: 'names, or one ' + '/regular expression/' },
  { path: 'kafka.consumer.auto-offset-reset', kind: 'choice', fallback: 'earliest', choices: ['earliest', 'latest', 'none'], doc: 'where a group ' + 'starts that has ' + 'committed nothing yet' },
  { path: 'kafka.consumer.out-of-range', kind: 'choice', fallback: 'stop', choices: ['stop', 'earliest', 'latest'], doc: 'when the committed offset ' + 'is no longer there ' + '(retention, ' + 'truncation): stop = exit 5' },
  { path: 'kafka.consumer.missing-topics-fatal', kind: 'boolean', fallback: true, doc: 'stop at start when a ' + 'topic does not exist' },
  { path: 'kafka.producer.bootstrap-servers', kind: 'servers', fallback: null, doc: 'the cluster to write to, ' + 'where it is another one' },
  { path: 'kafka.producer.topic', kind: 'topic', fallback: null, doc: 'the default output topic' },

  { path: 'dispatcher.transform', kind: 'path', fallback: null, doc: 'the module with your ' + 'function; none: ' + 'records pass ' + 'through unchanged' },
  { path: 'dispatcher.input.format', kind: 'choice', fallback: 'raw', choices: FORMATS, doc: 'how values are read; ' + 'required with a transform' },
  { path: 'dispatcher.input.schema.path', kind: 'path', fallback: null, doc: 'Avro schema the ' + 'transform sees ' + '(`schema: ' + './in.avsc` for short)' },
  { path: 'dispatcher.input.schema.writer', kind: 'path', fallback: null, doc: 'Avro schema the ' + 'records were ' + 'written with, ' + 'where it differs' },
  { path: 'dispatcher.input.schema.references', kind: 'paths', fallback: null, doc: 'further schema files whose ' + 'types the schema names' },
  { path: 'dispatcher.input.tombstones', kind: 'choice', fallback: 'pass', choices: ['pass', 'drop', 'reject'], doc: 'records with a null value' },
  { path: 'dispatcher.input.long', kind: 'choice', fallback: 'number', choices: ['number', 'bigint'], doc: '64-bit integers: ' + 'number refuses ' + 'what it can\'t hold exactly' },
  { path: 'dispatcher.output.format', kind: 'choice', fallback: 'raw', choices: FORMATS, doc: 'how results are written' },
  { path: 'dispatcher.output.schema.path', kind: 'path', fallback: null, doc: 'Avro schema of the results ' + '(`schema: ' + './out.avsc` for short)' },
  { path: 'dispatcher.output.schema.references', kind: 'paths', fallback: null, doc: 'further schema files whose ' + 'types the schema names' },
  { path: 'dispatcher.output.partition', kind: 'choice', fallback: 'auto', choices: ['auto', 'same', 'key', 'sticky'], doc: 'auto: the source\'s ' + 'where counts ' + 'match; key: ' + 'murmur2, as Java' },
  { path: 'dispatcher.output.timestamp', kind: 'choice', fallback: 'source', choices: ['source', 'now'], doc: 'timestamp of the results' },
  { path: 'dispatcher.delivery', kind: 'choice', fallback: 'at-least-once', choices: ['at-least-once'], reserved: { 'exactly-once': 'exactly-once delivery is ' + 'not available yet' }, doc: 'delivery guarantee' },
  { path: 'dispatcher.ordering', kind: 'choice', fallback: 'output', choices: ['output', 'partition', 'none'], reserved: { key: 'ordering by key is ' + 'not available yet' }, doc: 'what may run at ' + 'once, and the ' + 'order of the results' },
  { path: 'dispatcher.threads', kind: 'integer-or-auto', fallback: 'auto', min: 0, max: 1_024, doc: 'auto: cores − 1, at ' + 'least 1; 0: in the ' + 'main thread, for debugging' },
  { path: 'dispatcher.concurrency', kind: 'integer', fallback: 64, min: 1, max: 100_000, doc: 'async transforms under way ' + 'at once in one worker' },
  { path: 'dispatcher.timeout', kind: 'duration', fallback: '30s', min: 10, max: DAY, doc: 'a worker that ' + 'finishes no record ' + 'for this long is replaced' },
  { path: 'dispatcher.batch.records-max', kind: 'integer', fallback: 16_000, min: 1, max: 1_000_000, doc: 'records in a batch; ' + 'slow transforms get ' + 'fewer at a time ' + 'by themselves' },
  { path: 'dispatcher.batch.bytes-max', kind: 'size-or-auto', fallback: 'auto', min: 16 * KIB, max: 1_024 * MIB, doc: 'size of a batch; ' + 'auto: what ' + 'in-flight.bytes-max gives each ' + 'of the batches in flight, at most 1 MiB, ' + 'without a transform 2 MiB' },
  { path: 'dispatcher.batch.linger', kind: 'duration', fallback: '0ms', min: 0, max: 60 * SECOND, doc: 'how long a batch waits ' + 'for more records' },
  { path: 'dispatcher.batch.output-bytes-max', kind: 'size', fallback: '8MiB', min: 16 * KIB, max: 1_024 * MIB, doc: 'what one batch may grow ' + 'to; past it a record ' + 'is rejected ' + '(OUTPUT_TOO_LARGE)' },
  { path: 'dispatcher.in-flight.records-max', kind: 'integer', fallback: 200_000, min: 1, max: 100_000_000, doc: 'records taken and ' + 'not yet settled' },
  { path: 'dispatcher.in-flight.bytes-max', kind: 'size', fallback: '64MiB', min: 64 * KIB, max: 256 * 1_024 * MIB, doc: 'memory for them: ' + 'blocks and ' + 'producer queue together' },
  { path: 'dispatcher.dead-letter.topic', kind: 'topic', fallback: null, doc: 'where rejected ' + 'records go; none: a ' + 'reject stops the ' + 'run, exit 5' },
  { path: 'dispatcher.commit-interval', kind: 'duration', fallback: '1s', min: 10, max: DAY, doc: 'how often offsets ' + 'are committed' },
  { path: 'dispatcher.drain-timeout', kind: 'duration', fallback: '25s', min: 0, max: HOUR, doc: 'at a stop: time to ' + 'settle what was taken' },
  { path: 'dispatcher.rebalance-drain-timeout', kind: 'duration', fallback: '5s', min: 0, max: HOUR, doc: 'at a rebalance: time ' + 'to settle what is ' + 'given away; the ' + 'whole group waits' },
  { path: 'dispatcher.stall-timeout', kind: 'duration', fallback: '5m', min: SECOND, max: DAY, doc: 'how long a topic may ' + 'refuse writes ' + 'before the run ' + 'stops, exit 3' },
  { path: 'dispatcher.reload-interval', kind: 'duration', fallback: '30s', min: 0, max: DAY, doc: 'how often files ' + 'are looked at ' + 'that clients are made from ' + '(stores, secrets, this file); new content: ' + 'clients are made anew; 0s: only on SIGHUP' },
  { path: 'dispatcher.reload-timeout', kind: 'duration', fallback: '5m', min: 0, max: DAY, doc: 'how long no ' + 'clients may run ' + 'after a reload before ' + 'the run ends with ' + 'what prevents it' },

  { path: 'server.port', kind: 'integer', fallback: null, min: 0, max: 65_535, doc: 'serves /livez, /readyz ' + 'and /status; absent: ' + 'no HTTP; 0: a free ' + 'port, printed' },
  { path: 'server.address', kind: 'text', fallback: '127.0.0.1', doc: 'the address to listen on' },
  { path: 'logging.level', kind: 'level', fallback: 'info', choices: ['error', 'warn', 'info', 'debug'], doc: "also Spring's { level: " + "{ root: INFO } }" },
  { path: 'logging.format', kind: 'choice', fallback: 'auto', choices: ['auto', 'text', 'json'], doc: 'auto: text on a ' + 'terminal, JSON otherwise' },
];

export const FIELD_BY_PATH: ReadonlyMap<string, Field> = new Map(FIELDS.map((field) => [field.path, field]));

/** Maps of librdkafka properties: below them the rest of the path is one name. */
export const PROPERTY_MAPS = [
  'kafka.properties',
  'kafka.consumer.properties',
  'kafka.producer.properties',
] as const;
export type PropertyMap = (typeof PROPERTY_MAPS)[number];

export const PROPERTY_MAP_DOCS: Readonly<Record<PropertyMap, string>> = {
  'kafka.properties': 'properties for every client, by their names in librdkafka or in Java',
  'kafka.consumer.properties': 'properties for the consumer',
  'kafka.producer.properties': 'properties for the producer',
};

/** The free map that is handed to the transform. */
export const OPTIONS_PATH = 'dispatcher.options';

/** What topics should be like where they are created: free names, see topics.ts. */
export const TOPICS_PATH = 'topics';

/** A text given in the place of these sections means this key of theirs. */
export const SHORTHANDS: ReadonlyMap<string, string> = new Map([
  ['dispatcher.input.schema', 'dispatcher.input.schema.path'],
  ['dispatcher.output.schema', 'dispatcher.output.schema.path'],
  ['dispatcher.dead-letter', 'dispatcher.dead-letter.topic'],
]);

/** Reserved keys: to set them would change what happens, so they are refused rather than ignored. */
export const LATER: ReadonlyMap<string, string> = new Map([
  ['dispatcher.retry', 'retries are not available yet'],
  ['dispatcher.retry.attempts-max', 'retries are not available yet'],
  ['dispatcher.retry.time-max', 'retries are not available yet'],
  ['dispatcher.retry.backoff', 'retries are not available yet'],
  ['dispatcher.retry.backoff-max', 'retries are not available yet'],
  ['dispatcher.dead-letter.stop-above', 'stopping above a share of dead letters is not available yet'],
  ['dispatcher.dead-letter.headers', 'other header layouts of dead letters are not available yet'],
]);

/** Every section: the parents of all keys. */
export const SECTIONS: ReadonlySet<string> = new Set(
  [...FIELDS.map((field) => field.path), ...PROPERTY_MAPS, OPTIONS_PATH, ...LATER.keys()].flatMap((path) => {
    const parts = path.split('.');
    return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('.'));
  }),
);

export function isPropertyMap(path: string): path is PropertyMap {
  return (PROPERTY_MAPS as readonly string[]).includes(path);
}

/** `dispatcher.batch.bytes-max` → `KD_DISPATCHER_BATCH_BYTES_MAX`. */
export function environmentName(path: string): string {
  return `KD_${path.toUpperCase().replaceAll(/[.-]/g, '_')}`;
}
