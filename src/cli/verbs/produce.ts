/**
 * `kd produce`: writes records from JSON lines to a topic, in the configured output format or another one.
 */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { byteLines } from '../../app/records/byte-lines.js';
import { produceLines } from '../../app/records/produce.js';
import {
  FORMAT_CHOICES,
  type FormatChoice,
  type ProduceFormat,
  produceFormat,
  readsOtherwise,
} from '../../app/records/produce-format.js';
import { DispatcherError } from '../../core/errors.js';
import type { CliIo, GlobalOptions, KafkaOptions } from '../io.js';
import { colorsFor, printJson } from '../io.js';
import { loadConfig } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../options.js';

interface ProduceOptions {
  readonly valueOnly?: boolean;
  readonly format: FormatChoice;
}

type Options = GlobalOptions & KafkaOptions & ProduceOptions;

const LOG_FLUSH_MS = 1_000;

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
  { topic, file }: { readonly topic: string; readonly file: string | undefined },
  options: Options,
  io: CliIo,
): Promise<void> {
  const config = await loadConfig(options, io, { purpose: 'connection' });
  const format = produceFormat(config, options.format);
  if (options.quiet !== true) sayFormat(format, readsOtherwise(config, topic, format), topic, io);
  const logger = createCliLogger({ ...config.logging, level: { root: 'warn' } }, options, io);
  try {
    const records = await produceLines({
      config,
      topic,
      format,
      valueOnly: options.valueOnly === true,
      openLines: () => readLines(file, io),
      from: file ?? 'standard input',
      logger,
    });
    if (options.output === 'json') printJson(io, { topic, records });
    else io.stdout.write(`${records} ${records === 1 ? 'record' : 'records'} produced to ${topic}\n`);
  } finally {
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
