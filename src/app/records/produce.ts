/** Writes records from lines of JSON to a topic. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import { createEncoder, type Encoder, FormatError } from '../../formats/index.js';
import type { Logger } from '../../ports/logger.js';
import { copying, type Records, type WriterRequest, withWriter } from '../compose/writer.js';
import { withoutMark } from './byte-lines.js';
import type { ProduceFormat } from './produce-format.js';
import { parseRecordLine } from './record-lines.js';

const FLUSH_INTERVAL_MS = 100;

export interface ProduceRequest {
  readonly config: ResolvedConfig;
  readonly topic: string;
  readonly format: ProduceFormat;
  /** Each line is a value alone. */
  readonly valueOnly: boolean;
  /** Opened when the topic is ready to be written to. */
  readonly openLines: () => Promise<AsyncIterable<Buffer>>;
  /** The origin of the lines, for messages. */
  readonly from: string;
  readonly logger: Logger;
}

/**
 * Returns the number of acknowledged records; rejects when one was not acknowledged or a line could not be
 * read.
 */
export function produceLines(request: ProduceRequest): Promise<number> {
  const { config, topic, format, logger } = request;
  const encoder = createEncoder(format.spec);
  const writer = { config, clientId: config.name, topic, partition: policyOf(config), logger };
  return withWriter(writer, (records) => send(request, encoder, records));
}

async function send(request: ProduceRequest, encoder: Encoder, records: Records): Promise<number> {
  const { format, valueOnly, from } = request;
  const lines = await request.openLines();
  // A person may be typing: records are sent without waiting for a full batch.
  const flushing = setInterval(() => records.flush(), FLUSH_INTERVAL_MS);
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      // Every byte of a raw value counts, even a byte order mark.
      const plain = number === 1 && !(valueOnly && format.spec.format === 'raw');
      const text = plain ? withoutMark(line) : line;
      if (isBlank(text)) continue;
      const { value, bytes, ...record } = parseRecordLine(text, { valueOnly, format: format.spec.format });
      const encode = bytes === undefined ? encodingOf(encoder, value) : copying(bytes);
      await records.add({ ...record, encode }, number);
    }
  } catch (error) {
    await records.drain();
    throw atLine(error, { from, line: number, produced: records.acknowledged, format });
  } finally {
    clearInterval(flushing);
  }
  await records.drain();
  throwFailures(records);
  return records.acknowledged;
}

type Encode = NonNullable<Parameters<Records['add']>[0]['encode']>;

function encodingOf(encoder: Encoder, value: unknown): Encode | undefined {
  if (value === null) return undefined;
  return (bytes, start, limit) => encoder.encode(value, bytes, start, limit);
}

const BLANK: ReadonlySet<number> = new Set([9, 13, 32]);

function isBlank(line: Buffer): boolean {
  return line.every((byte) => BLANK.has(byte));
}

interface Place {
  readonly from: string;
  readonly line: number;
  /** Records acknowledged before the faulty one. */
  readonly produced: number;
  readonly format: ProduceFormat;
}

function atLine(error: unknown, { from, line, produced, format }: Place): Error {
  const place = `${from} line ${line}`;
  const sent = `${produced} ${produced === 1 ? 'record was' : 'records were'} produced before it`;
  if (error instanceof FormatError) {
    return new DispatcherError(
      'USAGE',
      `${place} does not match ${format.name} (${error.code}): ${error.message}; ${sent}`,
      {
        remedy:
          format.setting === undefined
            ? 'correct the line'
            : `correct the line, or ${format.setting} and its schema`,
        cause: error,
      },
    );
  }
  if (!(error instanceof DispatcherError) || error.code !== 'USAGE')
    return error instanceof Error ? error : new Error(String(error));
  return new DispatcherError('USAGE', `${place} ${error.message}; ${sent}`, {
    cause: error,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  });
}

function throwFailures(writer: Records): void {
  const [first] = writer.failed;
  if (first === undefined) return;
  throw new DispatcherError(
    'RECORD_REJECTED',
    `${writer.failedCount} of ${writer.failedCount + writer.acknowledged} records were not produced; the ` +
      `first one, line ${first.label}: ${first.name}${first.words === undefined ? '' : `: ${first.words}`}`,
    { remedy: 'the others are in the topic; correct these lines and produce them alone' },
  );
}

/** These records have no source partition to keep. */
function policyOf(config: ResolvedConfig): WriterRequest['partition'] {
  return config.dispatcher.output.partition === 'sticky' ? 'sticky' : 'key';
}
