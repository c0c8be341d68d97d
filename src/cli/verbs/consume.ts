/** `kd consume`: prints a topic's records, decoded, on stdout. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { onStopSignals } from '../../app/process-control.js';
import { consumeTopic, formatOfTopic, type ReadFrom } from '../../app/records/consume.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { CliIo, GlobalOptions, KafkaOptions } from '../io.js';
import { loadConfig } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../options.js';
import { RecordPrinter } from '../terminal/record-printer.js';

interface ConsumeOptions {
  readonly from: ReadFrom;
  readonly until: 'end' | 'forever';
  readonly max?: number;
  readonly raw?: boolean;
}

const LOG_FLUSH_MS = 1_000;

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('consume')
    .description('print records of a topic, decoded; reads without a group and commits nothing')
    .argument('<topic>', 'the topic')
    .addOption(
      new Option('--from <position>', 'earliest, latest, an offset, or -N: the last N of each partition')
        .argParser(parseFrom)
        .default({ kind: 'earliest' }, 'earliest'),
    )
    .addOption(
      new Option('--until <when>', 'stop at the end seen at the start, or never')
        .choices(['end', 'forever'])
        .default('end'),
    )
    .addOption(new Option('--max <n>', 'stop after this many records').argParser(parseCount))
    .addOption(new Option('--raw', 'do not decode values'))
    .action(async (topic: string, _options: unknown, self: Command) =>
      consume(topic, optionsOf<ConsumeOptions>(self), io),
    );
  addExample(
    addKafkaOptions(command),
    'kd consume flights-avro --from -10',
    'kd consume flights -b localhost:9092 --from latest --until forever -o json',
  );
}

async function consume(
  topic: string,
  options: GlobalOptions & KafkaOptions & ConsumeOptions,
  io: CliIo,
): Promise<void> {
  await printTopic(await loadConfig(options, io, { purpose: 'connection' }), topic, options, io);
}

/** Prints records of a topic as `kd consume` does. */
export async function printTopic(
  config: ResolvedConfig,
  topic: string,
  options: GlobalOptions & ConsumeOptions,
  io: CliIo,
): Promise<void> {
  const logger = createCliLogger({ ...config.logging, level: 'warn' }, options, io);
  const stop = new AbortController();
  const removeSignals = onStopSignals(() => stop.abort());
  const printer = new RecordPrinter(
    formatOfTopic(topic, config, options.raw === true),
    { json: options.output === 'json', max: options.max ?? Infinity },
    io,
  );
  const { from, until } = options;
  try {
    await consumeTopic({ config, topic, from, until, signal: stop.signal, logger }, (batch, partitionOf) =>
      printer.print(batch, partitionOf),
    );
  } finally {
    removeSignals();
    await logger.close(LOG_FLUSH_MS);
  }
}

function parseFrom(text: string): ReadFrom {
  if (text === 'earliest' || text === 'latest') return { kind: text };
  if (!/^-?\d{1,15}$/.test(text))
    throw new InvalidArgumentError(
      'write earliest, latest, an offset such as 1200, or -10 for the last ten of each partition.',
    );
  const number = Number(text);
  return text.startsWith('-') ? { kind: 'last', offsets: -number } : { kind: 'offset', offsets: number };
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('write a whole number, 1 or more.');
  return Number(text);
}
