import type { OutputTopic } from '../../ports/sink.js';
import type { InputBatchReader } from '../../wire/input-reader.js';
import { RowFlag } from '../../wire/layout.js';
import type { OutputBatchWriter } from '../../wire/output-writer.js';
import { packedHeadersBytes } from '../../wire/packed-headers.js';
import type { Origin } from '../settings.js';
import { attemptsBefore, type HeaderList, headersInLife, headersOf, originBefore } from './former-death.js';
import type { Rejected } from './rejected.js';

const MESSAGE_BYTES_MAX = 1024;
const SHORT_MESSAGE_BYTES_MAX = 100;
const STACK_BYTES_MAX = 8 * 1024;
/**
 * What Kafka's record format may add to key, value and headers: batch header, record header, and a few bytes
 * per length.
 */
const RECORD_OVERHEAD_BYTES = 256;
export interface DeadLetterTarget {
  readonly topic: OutputTopic;
  readonly bytesMax: number;
  readonly timestamp: 'now' | 'source';
  readonly origin: Origin;
}

export interface DeadLetterSource {
  readonly reader: InputBatchReader;
  readonly row: number;
  readonly topic: string;
  readonly partition: number;
}

/**
 * Adds the dead letter of a source row to an output batch: key and value are the source's, headers are the
 * source's and ours, the timestamp is that of the rejection unless the source's is configured. False if it
 * does not fit; then nothing was added.
 */
export function writeDeadLetterRow(
  writer: OutputBatchWriter,
  source: DeadLetterSource,
  rejected: Rejected,
  target: DeadLetterTarget,
): boolean {
  const headers = deadLetterHeaders(source, rejected, target);
  writer.mark();
  const timestampFlag = target.timestamp === 'source' ? RowFlag.timestampOfSource : 0;
  const flags = RowFlag.keyOfSource | RowFlag.valueOfSource | timestampFlag | RowFlag.deadLetter;
  // The writer chooses the partition, because it knows the topic's current partition count.
  if (writer.addRow(source.row, target.topic.number, flags) && writer.copyHeaders(headers)) return true;
  writer.rollback();
  return false;
}

/**
 * The source's headers in order, without those of an earlier dead letter, then the new ones. If the record
 * would exceed the topic's limit it carries less: no stack, then a short message, then only the code and the
 * place.
 */
export function deadLetterHeaders(
  source: DeadLetterSource,
  rejected: Rejected,
  target: DeadLetterTarget,
): HeaderList {
  const { reader, row } = source;
  const old = headersOf(reader, row);
  const kept = headersInLife(old);
  const { rejection, exception } = rejected;
  const place: HeaderList = [...(originBefore(old) ?? originOf(source)), ['kd-code', rejection.code]];
  const rest: HeaderList = [
    ['kd-group', target.origin.group],
    ['kd-attempts', String(attemptsBefore(old) + 1)],
    ['kd-stage', rejection.stage],
    ['kd-transform', target.origin.transform],
    ['kd-host', target.origin.host],
    ['kd-version', target.origin.version],
    ['kd-time', new Date().toISOString()],
  ];
  const payload = Math.max(0, reader.keyLength(row)) + Math.max(0, reader.valueLength(row));
  const bytesLeft = target.bytesMax - payload - RECORD_OVERHEAD_BYTES;
  const message = (bytesMax: number): HeaderList => [['kd-message', cutUtf8(rejection.message, bytesMax)]];
  const name: HeaderList =
    exception === undefined ? [] : [['kd-exception', cutUtf8(exception.name, MESSAGE_BYTES_MAX)]];
  const whole = [...kept, ...place, ...message(MESSAGE_BYTES_MAX), ...rest, ...name];
  if (exception?.stack !== undefined) {
    const withStack: HeaderList = [...whole, ['kd-stack', cutUtf8(exception.stack, STACK_BYTES_MAX)]];
    if (packedHeadersBytes(withStack) <= bytesLeft) return withStack;
  }
  if (packedHeadersBytes(whole) <= bytesLeft) return whole;
  const short = [...kept, ...place, ...message(SHORT_MESSAGE_BYTES_MAX), ...rest];
  return packedHeadersBytes(short) <= bytesLeft ? short : [...kept, ...place];
}

function originOf({ reader, row, topic, partition }: DeadLetterSource): HeaderList {
  return [
    ['kd-topic', topic],
    ['kd-partition', String(partition)],
    ['kd-offset', String(reader.offset(row))],
    ['kd-timestamp', String(reader.timestamp(row))],
  ];
}

/** Shortens a text to at most `bytesMax` bytes of UTF-8, cut between characters. */
function cutUtf8(text: string, bytesMax: number): string {
  // No character takes fewer bytes than UTF-16 units, so a longer text never fits.
  const candidate = text.length > bytesMax ? text.slice(0, bytesMax) : text;
  const bytes = Buffer.from(candidate);
  if (bytes.length <= bytesMax) return candidate;
  let end = bytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
