/** `kd consume`: prints a topic's records, decoded, on stdout. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { onStopSignals } from '../../app/process-control.js';
import { consumeTopic, formatOfTopic, type PlacedRange } from '../../app/records/consume.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Position } from '../../core/positions/position.js';
import type { CliIo, GlobalOptions, KafkaOptions } from '../io.js';
import { loadConfig } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../options.js';
import { readPartitions } from '../partitions-option.js';
import { readEnd, readPosition } from '../position-option.js';
import { describePlaced } from '../terminal/placed-ranges.js';
import { RecordPrinter } from '../terminal/record-printer.js';

interface ConsumeOptions {
  readonly from: Position;
  readonly until: Position | 'forever';
  readonly partitions?: ReadonlySet<number>;
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
      new Option(
        '--from <position>',
        'earliest, latest, committed, -2h, 2026-11-27T08:00Z, an offset, +N, -N (the last N), ' +
          'or @offsets.json',
      )
        .argParser(readPosition)
        .default({ kind: 'earliest' }, 'earliest'),
    )
    .addOption(
      new Option(
        '--until <position>',
        'the same; end: as seen at the start, +N: N offsets from the start; or forever',
      )
        .argParser(readEnd)
        .default({ kind: 'end' }, 'end'),
    )
    .addOption(
      new Option('--partitions <numbers>', 'these partitions only, such as 0-3,7').argParser(readPartitions),
    )
    .addOption(new Option('--max <n>', 'stop after this many records').argParser(parseCount))
    .addOption(new Option('--raw', 'do not decode values'))
    .action(async (topic: string, _options: unknown, self: Command) =>
      consume(topic, optionsOf<ConsumeOptions>(self), io),
    );
  addExample(
    addKafkaOptions(command),
    'kd consume flights-avro --from -10',
    'kd consume flights --from -2h --until -1h',
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
  const logger = createCliLogger({ ...config.logging, level: { root: 'warn' } }, options, io);
  const stop = new AbortController();
  const removeSignals = onStopSignals(() => stop.abort());
  const printer = new RecordPrinter(
    formatOfTopic(topic, config, options.raw === true),
    { json: options.output === 'json', max: options.max ?? Infinity },
    io,
  );
  const { from, partitions } = options;
  const until = options.until === 'forever' ? undefined : options.until;
  try {
    const placed = (ranges: readonly PlacedRange[], logAppendTime: boolean): void => {
      if (options.quiet === true) return;
      for (const line of describePlaced(ranges, {
        from,
        until,
        appendTimeTopics: logAppendTime ? [topic] : [],
      }))
        io.stderr.write(`${line}\n`);
    };
    await consumeTopic(
      { config, topic, from, until, partitions, placed, signal: stop.signal, logger },
      (batch, partitionOf) => printer.print(batch, partitionOf),
    );
  } finally {
    removeSignals();
    await logger.close(LOG_FLUSH_MS);
  }
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('write a whole number, 1 or more.');
  return Number(text);
}
