/**
 * `kd demo`: runs the main job on the embedded broker with real flights: JSON in, validated and enriched,
 * Avro out, bad records to the dead-letter topic.
 */
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { FLIGHT_TOTALS, flightRecords } from '../../app/demo-data.js';
import { holdSignals } from '../../app/process-control.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { producerQueueBytes } from '../../config/resolve/budgets.js';
import { DispatcherError, ExitCode } from '../../core/errors.js';
import { loadNative } from '../../kafka/native.js';
import { createKafkaSink } from '../../kafka/sink/kafka-sink.js';
import { type MockCluster, startMockCluster } from '../../kafka/tools/mock-cluster.js';
import { RecordWriter } from '../../kafka/tools/record-writer.js';
import type { CliIo, GlobalOptions } from '../io.js';
import { loadConfig } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, optionsOf } from '../options.js';
import { runOnTerminal } from '../run-on-terminal.js';
import { count } from '../terminal/numbers.js';
import { printTopic } from './consume.js';

const INPUT = 'flights';
const OUTPUT = 'flights-avro';
const DEAD_LETTERS = 'flights.dlq';
/**
 * The embedded broker keeps 5 MiB per partition and silently drops the oldest records: eight partitions hold
 * the data set four times over.
 */
const PARTITIONS = 8;
const PARTITIONS_MAX = 100;
const SAMPLES = 5;
/** The run takes seconds: show progress often, even without a terminal. */
const PROGRESS_INTERVAL_MS = 500;
const CLOSE_TIMEOUT_MS = 10_000;
const LOG_FLUSH_MS = 1000;

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('demo')
    .description('run the main job on the embedded broker with 212,492 records of real flight data')
    .action(async (_options: unknown, self: Command) => demo(optionsOf<object>(self), io));
  addExample(command, 'kd demo', 'kd demo -o json --set dispatcher.threads=2');
}

async function demo(options: GlobalOptions, io: CliIo): Promise<void> {
  holdSignals(io.stderr.isTTY === true, () => process.exit(ExitCode.cutShort));
  const cluster = startMockCluster({
    topics: [INPUT, OUTPUT, DEAD_LETTERS].map((name) => ({ name, partitions: PARTITIONS })),
  });
  try {
    const config = await demoConfig(cluster, options, io);
    const say = (text: string): unknown =>
      options.quiet === true ? undefined : io.stderr.write(`${text}\n`);
    say(
      `embedded broker at ${cluster.bootstrapServers}: loading ${count(FLIGHT_TOTALS.records)} flights ` +
        `into topic ${INPUT}`,
    );
    await load(config, options, io);
    say(`${INPUT} (JSON) → examples/flights/flights.ts → ${OUTPUT} (Avro), bad rows → ${DEAD_LETTERS}`);
    const summary = await runOnTerminal(
      {
        config,
        until: 'end',
        options,
        progressIntervalMs: PROGRESS_INTERVAL_MS,
        beforeSummary: async () => {
          if (options.output !== 'json') await printSamples(config, io);
        },
      },
      io,
    );
    if (summary.exitCode === 0 && summary.records.consumed !== FLIGHT_TOTALS.records) {
      throw new DispatcherError(
        'ACCOUNTING',
        `${FLIGHT_TOTALS.records} records were produced, but ${summary.records.consumed} consumed`,
      );
    }
  } finally {
    cluster.close();
  }
}

function demoConfig(cluster: MockCluster, options: GlobalOptions, io: CliIo): Promise<ResolvedConfig> {
  const example = (name: string): string =>
    fileURLToPath(new URL(`../../../../examples/flights/${name}`, import.meta.url));
  const values = {
    name: 'demo',
    'kafka.bootstrap-servers': cluster.bootstrapServers,
    'kafka.consumer.group-id': 'demo',
    'kafka.consumer.topics': INPUT,
    'kafka.producer.topic': OUTPUT,
    'dispatcher.transform': example('flights.ts'),
    'dispatcher.input.format': 'json',
    'dispatcher.output.format': 'avro',
    'dispatcher.output.schema': example('flight.avsc'),
    'dispatcher.dead-letter.topic': DEAD_LETTERS,
  };
  return loadConfig(options, io, { builtIn: { by: 'the demo', values } });
}

async function load(config: ResolvedConfig, options: GlobalOptions, io: CliIo): Promise<void> {
  const logger = createCliLogger({ ...config.logging, level: 'warn' }, options, io);
  const native = loadNative();
  const table = new native.PartitionTable(PARTITIONS_MAX);
  const sink = createKafkaSink({
    clientId: `${config.name}-loader`,
    cluster: config.producer,
    queueBytesMax: producerQueueBytes(config.dispatcher.inFlight.bytesMax),
    partition: 'key',
    writer: { partsMax: 64, pollIntervalMs: 100 },
    native,
    table,
    logger,
    nowMs: () => performance.now(),
  });
  let writer: RecordWriter | undefined;
  await sink.start({
    settled: (settled) => writer?.settled(settled),
    failed: (error) => writer?.fail(error),
  });
  try {
    const records = new RecordWriter(sink, await sink.topic(INPUT), table);
    writer = records;
    let line = 0;
    for await (const { key, value } of flightRecords()) {
      const encode = (bytes: Uint8Array, start: number, limit: number): number => {
        if (start + value.length > limit) return -1 - value.length;
        bytes.set(value, start);
        return start + value.length;
      };
      await records.add({ key, headers: [], partition: undefined, timestampMs: undefined, encode }, ++line);
    }
    await records.drain();
    if (records.acknowledged !== FLIGHT_TOTALS.records) {
      throw new DispatcherError(
        'DEFECT',
        `the embedded broker accepted ${records.acknowledged} of ${FLIGHT_TOTALS.records} records`,
      );
    }
  } finally {
    await sink.close(CLOSE_TIMEOUT_MS);
    await logger.close(LOG_FLUSH_MS);
  }
}

async function printSamples(config: ResolvedConfig, io: CliIo): Promise<void> {
  io.stdout.write(`\n${SAMPLES} records of ${OUTPUT}, decoded:\n`);
  await printTopic(config, OUTPUT, { from: { kind: 'earliest' }, until: 'end', max: SAMPLES }, io);
  io.stdout.write(`\none record of ${DEAD_LETTERS}:\n`);
  await printTopic(config, DEAD_LETTERS, { from: { kind: 'earliest' }, until: 'end', max: 1, raw: true }, io);
  io.stdout.write('\n');
}
