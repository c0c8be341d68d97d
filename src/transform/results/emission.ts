import type { OutputTopic } from '../../ports/sink.js';
import type { InputBatchReader } from '../../wire/input-reader.js';
import { RowFlag } from '../../wire/layout.js';
import type { OutputBatchWriter } from '../../wire/output-writer.js';
import type { HeaderValue } from '../../wire/packed-headers.js';
import { type HeaderList, hasDied, sourceHeaders } from './former-death.js';
import { type Rejected, refuse } from './rejected.js';
import type { EmitOptions } from './results.js';
import type { TopicTable } from './topic-table.js';

const TIMESTAMP_MAX_MS = Number.MAX_SAFE_INTEGER;
const PARTITION_MAX = 0x7fffffff;

/** One record to write, checked from the result of the user's function. `undefined` = as in the source. */
export interface Emission {
  readonly topicName: string | undefined;
  readonly key: Uint8Array | null | undefined;
  readonly partition: number | undefined;
  readonly timestampMs: number | undefined;
  readonly headers: readonly (readonly [name: string, value: HeaderValue])[] | undefined;
}

/** Invalid options are refused with the reason. */
export function checkOptions(
  { topic, key, partition, timestamp, headers }: EmitOptions,
  topics: TopicTable,
  reader: InputBatchReader,
  row: number,
): Emission | Rejected {
  if (topic !== undefined && !topics.accepts(topic))
    return refuse(
      'transform',
      'INVALID_TOPIC',
      `emit() to ${describe(topic)}: not a topic name that Kafka accepts`,
    );
  if (
    partition !== undefined &&
    !(Number.isInteger(partition) && partition >= 0 && partition <= PARTITION_MAX)
  ) {
    return invalid(`emit() to partition ${describe(partition)}: must be an integer from 0`);
  }
  const timestampMs = timestamp instanceof Date ? timestamp.getTime() : timestamp;
  if (
    timestampMs !== undefined &&
    !(Number.isInteger(timestampMs) && timestampMs >= 0 && timestampMs <= TIMESTAMP_MAX_MS)
  ) {
    return invalid(
      `emit() with timestamp ${describe(timestamp)}: must be whole milliseconds since 1970, or a Date`,
    );
  }
  if (key !== undefined && key !== null && typeof key !== 'string' && !(key instanceof Uint8Array)) {
    return invalid(`emit() with a key of type ${typeof key}: must be a Buffer, a string or null`);
  }
  const packed = headers === undefined ? headersAfterDeath(reader, row) : checkHeaders(headers, reader, row);
  if (packed !== undefined && !Array.isArray(packed)) return invalid(packed.problem);
  return {
    topicName: topic,
    key: typeof key === 'string' ? Buffer.from(key) : key,
    partition,
    timestampMs,
    headers: packed,
  };
}

/** Writes key, headers, timestamp and partition of the current row. False when the block is full. */
export function writeEmission(writer: OutputBatchWriter, emission: Emission): boolean {
  if (emission.partition !== undefined) writer.setPartition(emission.partition);
  if (emission.timestampMs !== undefined) writer.setTimestamp(emission.timestampMs);
  if (emission.key != null && !writer.copyKey(emission.key)) return false;
  return (
    emission.headers === undefined || emission.headers.length === 0 || writer.copyHeaders(emission.headers)
  );
}

export function flagsOf(emission: Emission, timestampFlag: number): number {
  let flags = 0;
  flags |= emission.key === undefined ? RowFlag.keyOfSource : RowFlag.keySet;
  if (emission.headers === undefined) flags |= RowFlag.headersOfSource;
  if (emission.timestampMs === undefined) flags |= timestampFlag;
  return flags;
}

export function partitionProblem(emission: Emission, topic: OutputTopic): Rejected | undefined {
  const { partition } = emission;
  if (partition === undefined || topic.partitionCount <= 0 || partition < topic.partitionCount)
    return undefined;
  return refuse(
    'transform',
    'INVALID_PARTITION',
    `emit() to partition ${partition} of ${topic.name}, which has ${topic.partitionCount}`,
  );
}

/** Undefined: the same headers as the source. */
function headersAfterDeath(reader: InputBatchReader, row: number): HeaderList | undefined {
  return hasDied(reader, row) ? sourceHeaders(reader, row) : undefined;
}

function checkHeaders(
  headers: unknown,
  reader: InputBatchReader,
  row: number,
): HeaderList | { readonly problem: string } {
  if (typeof headers !== 'object' || headers === null)
    return { problem: 'emit() with headers that are neither an object nor a list' };
  const isList = Array.isArray(headers);
  const given: readonly (readonly [string, unknown])[] = isList ? headers : Object.entries(headers);
  const list: HeaderList = [];
  for (const entry of given) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string')
      return { problem: 'emit() with a header that is no [name, value] pair' };
    const [name, value] = entry;
    if (value === undefined && !isList) continue;
    if (value !== null && typeof value !== 'string' && !(value instanceof Uint8Array)) {
      return {
        problem:
          `emit() with header ${JSON.stringify(name)} of type ` +
          `${typeof value}: must be a Buffer, a string or null`,
      };
    }
    list.push([name, value]);
  }
  if (isList) return list;
  const replaced = new Set(given.map(([name]) => name));
  const kept = sourceHeaders(reader, row).filter(([name]) => !replaced.has(name));
  return [...kept, ...list];
}

function invalid(message: string): Rejected {
  return refuse('transform', 'INVALID_RESULT', message);
}

function describe(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 100))
    : typeof value === 'number'
      ? String(value)
      : `a ${typeof value}`;
}
