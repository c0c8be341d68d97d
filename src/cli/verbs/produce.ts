/**
 * `kd produce`: writes records from JSON lines to a topic, in the configured output format or another one.
 */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { producerQueueBytes } from '../../config/resolve/budgets.js';
import { DispatcherError } from '../../core/errors.js';
import { createEncoder, type Encoder, FormatError } from '../../formats/index.js';
import { loadNative } from '../../kafka/native.js';
import type { PartitionPolicy } from '../../kafka/native-writer.js';
import { createKafkaSink, type KafkaSink } from '../../kafka/sink/kafka-sink.js';
import { RecordWriter } from '../../kafka/tools/record-writer.js';
import type { SinkEvents } from '../../ports/sink.js';
import { byteLines, withoutMark } from '../byte-lines.js';
import type { CliIo, GlobalOptions, KafkaOptions } from '../io.js';
import { colorsFor, printJson } from '../io.js';
import { loadConfig } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../options.js';
import {
  FORMAT_CHOICES,
  type FormatChoice,
  type ProduceFormat,
  produceFormat,
  readsOtherwise,
} from '../produce-format.js';
import { parseRecordLine } from '../record-lines.js';

interface ProduceOptions {
  readonly valueOnly?: boolean;
  readonly format: FormatChoice;
}

type Options = GlobalOptions & KafkaOptions & ProduceOptions;

const LOG_FLUSH_MS = 1_000;
const CLOSE_TIMEOUT_MS = 10_000;
const PARTITIONS_MAX = 100;
const FLUSH_INTERVAL_MS = 100;
const WRITER = { partsMax: 64, pollIntervalMs: 100 };

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('produce')
    .description('write records from lines of JSON into a topic, through the configured output format')
    .argument('<topic>', 'the topic')
    .argument('[file]', 'lines of { key, value, headers, partition, timestamp }; standard input without it')
    .option('--value-only', 'each line is a value alone')
    .addOption(
      new Option(
        '--format <format>',
        "how values are written: as the job's output or input, or in this format",
      )
        .choices(FORMAT_CHOICES)
        .default('output'),
    )
    .action(async (topic: string, file: string | undefined, _options: unknown, self: Command) =>
      produce({ topic, file }, optionsOf<ProduceOptions>(self), io),
    );
  addExample(
    addKafkaOptions(command),
    'kd produce flights-avro flights.jsonl',
    'kd produce flights flights.jsonl --format input',
    `echo '{"key":"a","value":"hello"}' | kd produce greetings -b localhost:9092`,
  );
}

async function produce(
  target: { readonly topic: string; readonly file: string | undefined },
  options: Options,
  io: CliIo,
): Promise<void> {
  const config = await loadConfig(options, io, { purpose: 'connection' });
  const format = produceFormat(config, options.format);
  const encoder = createEncoder(format.spec);
  if (options.quiet !== true)
    sayFormat(format, readsOtherwise(config, target.topic, format), target.topic, io);
  const logger = createCliLogger({ ...config.logging, level: 'warn' }, options, io);
  const native = loadNative();
  const table = new native.PartitionTable(PARTITIONS_MAX);
  const sink = createKafkaSink({
    clientId: config.name,
    cluster: config.producer,
    queueBytesMax: producerQueueBytes(config.dispatcher.inFlight.bytesMax),
    outputTopics: [target.topic],
    partition: policyOf(config),
    writer: WRITER,
    native,
    table,
    logger,
    nowMs: () => performance.now(),
  });
  try {
    const records = await send(
      { sink, table, encoder, format, valueOnly: options.valueOnly === true },
      target,
      io,
    );
    if (options.output === 'json') printJson(io, { topic: target.topic, records });
    else io.stdout.write(`${records} ${records === 1 ? 'record' : 'records'} produced to ${target.topic}\n`);
  } finally {
    await sink.close(CLOSE_TIMEOUT_MS);
    await logger.close(LOG_FLUSH_MS);
  }
}

/** Printed once, on stderr: the user should know the format in which the records are written. */
function sayFormat(format: ProduceFormat, read: string | undefined, topic: string, io: CliIo): void {
  io.stderr.write(`producing to ${topic} in ${format.name} (${format.spec.format})\n`);
  if (read === undefined) return;
  const { yellow } = colorsFor(io.stderr, io.env);
  io.stderr.write(
    `${yellow('warning')}: this job reads ${topic} as ${read}\n    → --format input writes what it reads\n`,
  );
}

interface Sending {
  readonly sink: KafkaSink;
  readonly table: ConstructorParameters<typeof RecordWriter>[2];
  readonly encoder: Encoder;
  readonly format: ProduceFormat;
  readonly valueOnly: boolean;
}

/**
 * Returns the number of acknowledged records; rejects when one was not acknowledged or a line could not be
 * read.
 */
async function send(
  sending: Sending,
  target: { readonly topic: string; readonly file: string | undefined },
  io: CliIo,
): Promise<number> {
  let writer: RecordWriter | undefined;
  const events: SinkEvents = {
    settled: (settled) => writer?.settled(settled),
    failed: (error) => writer?.fail(error),
  };
  await sending.sink.start(events);
  const records = new RecordWriter(sending.sink, await sending.sink.topic(target.topic), sending.table);
  writer = records;
  const lines = await readLines(target.file, io);
  // A person may be typing: records are sent without waiting for a full batch.
  const flushing = setInterval(() => records.flush(), FLUSH_INTERVAL_MS);
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      // Every byte of a raw value counts, even a byte order mark.
      const plain = number === 1 && !(sending.valueOnly && sending.format.spec.format === 'raw');
      const text = plain ? withoutMark(line) : line;
      if (isBlank(text)) continue;
      await addLine({ line: text, number }, records, sending);
    }
  } catch (error) {
    await records.drain();
    throw atLine(error, {
      file: target.file,
      line: number,
      produced: records.acknowledged,
      format: sending.format,
    });
  } finally {
    clearInterval(flushing);
  }
  await records.drain();
  throwFailures(records);
  return records.acknowledged;
}

async function addLine(
  { line, number }: { line: Buffer; number: number },
  writer: RecordWriter,
  { encoder, valueOnly, format }: Sending,
): Promise<void> {
  const { value, bytes, partition, timestampMs, key, headers } = parseRecordLine(line, {
    valueOnly,
    format: format.spec.format,
  });
  const encode = bytes === undefined ? encodingOf(encoder, value) : copying(bytes);
  await writer.add({ key, headers, partition, timestampMs, encode }, number);
}

type Encode = NonNullable<Parameters<RecordWriter['add']>[0]['encode']>;

function encodingOf(encoder: Encoder, value: unknown): Encode | undefined {
  if (value === null) return undefined;
  return (bytes, start, limit) => encoder.encode(value, bytes, start, limit);
}

function copying(value: Buffer): Encode {
  return (bytes, start, limit) => {
    if (value.length > limit - start) return -1 - value.length;
    bytes.set(value, start);
    return start + value.length;
  };
}

const BLANK: ReadonlySet<number> = new Set([9, 13, 32]);

function isBlank(line: Buffer): boolean {
  return line.every((byte) => BLANK.has(byte));
}

async function readLines(file: string | undefined, io: CliIo): Promise<AsyncIterable<Buffer>> {
  const input: Readable =
    file === undefined ? io.stdin : createReadStream(resolve(io.workingDirectory, file));
  if (file !== undefined) {
    await new Promise<void>((ready, reject) => {
      input.once('open', () => ready());
      input.once('error', (cause) =>
        reject(
          new DispatcherError('USAGE', `${file} can't be read: ${cause.message}`, {
            remedy: 'check the path',
            cause,
          }),
        ),
      );
    });
  }
  return byteLines(input);
}

interface Place {
  readonly file: string | undefined;
  readonly line: number;
  /** Records acknowledged before the faulty one. */
  readonly produced: number;
  readonly format: ProduceFormat;
}

function atLine(error: unknown, { file, line, produced, format }: Place): Error {
  const place = `${file ?? 'standard input'} line ${line}`;
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

function throwFailures(writer: RecordWriter): void {
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
function policyOf(config: ResolvedConfig): PartitionPolicy {
  return config.dispatcher.output.partition === 'sticky' ? 'sticky' : 'key';
}
