/** Looks up librdkafka's properties: scope, type, range, aliases. */
import { LIBRDKAFKA_ROWS, type LibrdkafkaRow } from './librdkafka-properties.js';

const BY_NAME: ReadonlyMap<string, LibrdkafkaRow> = new Map(LIBRDKAFKA_ROWS.map((row) => [row[0], row]));

export const LIBRDKAFKA_NAMES: readonly string[] = LIBRDKAFKA_ROWS.filter((row) => row[2] !== 'callback').map(
  (row) => row[0],
);

/**
 * Environment variables can't tell dots from underscores: `LOG_LEVEL` is `log_level`, `LINGER_MS` is
 * `linger.ms`.
 */
const BY_ENVIRONMENT: ReadonlyMap<string, string> = new Map(
  LIBRDKAFKA_ROWS.map((row) => [row[0].toUpperCase().replaceAll('.', '_'), row[0]]),
);

export function librdkafkaRow(name: string): LibrdkafkaRow | undefined {
  return BY_NAME.get(name);
}

/** The name that all aliases of a property share. */
export function canonicalName(name: string): string {
  return BY_NAME.get(name)?.[4] ?? name;
}

export function propertyOfEnvironment(suffix: string): string {
  return BY_ENVIRONMENT.get(suffix) ?? suffix.toLowerCase().replaceAll('_', '.');
}

/** librdkafka counts some milliseconds as microseconds in 32 bits; above this they are negative. */
export const MICROSECONDS_MAX_MS = 2_147_483;

const COUNTED_IN_MICROSECONDS = new Set([
  'metadata.max.age.ms',
  'topic.metadata.refresh.interval.ms',
  'topic.metadata.propagation.max.ms',
  'session.timeout.ms',
  'heartbeat.interval.ms',
  'reconnect.backoff.max.ms',
]);

/**
 * The fault of a value, or undefined. librdkafka decides in the end; this finds while reading what it would
 * say at the start.
 */
export function valueFault(name: string, value: string): string | undefined {
  const row = BY_NAME.get(name);
  if (row === undefined) return undefined;
  const [, , type, range = ''] = row;
  if (type === 'boolean') return /^(true|false|t|f|1|0)$/i.test(value) ? undefined : 'must be true or false';
  if (type === 'enum') {
    const choices = range.split(', ');
    return choices.some((choice) => choice.toLowerCase() === value.toLowerCase())
      ? undefined
      : `must be one of ${range}`;
  }
  if (type !== 'integer' && type !== 'float') return undefined;
  if (canonicalName(name) === 'request.required.acks' && value.toLowerCase() === 'all') return undefined;
  if (type === 'float' && !/^\d{1,15}(\.\d{1,15})?$/.test(value)) return 'must be a number';
  if (type === 'integer' && !/^-?\d{1,15}$/.test(value)) return 'must be a whole number';
  const [low, high] = range.split(' .. ').map(Number);
  if (low === undefined || high === undefined) return undefined;
  const most = COUNTED_IN_MICROSECONDS.has(name) ? Math.min(high, MICROSECONDS_MAX_MS) : high;
  return Number(value) < low || Number(value) > most ? `must be between ${low} and ${most}` : undefined;
}
