/**
 * `kd demo`: runs the main job on the embedded broker with real flights: JSON in, validated and enriched,
 * Avro out, bad records to the dead-letter topic.
 */
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { startDemoBroker } from '../../app/compose/librdkafka.js';
import { FLIGHT_TOTALS } from '../../app/demo-data.js';
import { holdSignals } from '../../app/process-control.js';
import { loadFlights } from '../../app/records/demo-load.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError, ExitCode } from '../../core/errors.js';
import type { CliIo, GlobalOptions } from '../io.js';
import { loadConfigWithDetails } from '../load-config.js';
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
const SAMPLES = 5;
/** The run takes seconds: show progress often, even without a terminal. */
const PROGRESS_INTERVAL_MS = 500;
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
  const cluster = startDemoBroker([INPUT, OUTPUT, DEAD_LETTERS], PARTITIONS);
  try {
    const loaded = await demoConfig(cluster.bootstrapServers, options, io);
    const { config } = loaded;
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
        loaded,
        until: 'end',
        options,
        progressIntervalMs: PROGRESS_INTERVAL_MS,
        beforeSummary: async () => {
          if (options.output === 'text') await printSamples(config, io);
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

function demoConfig(
  servers: string,
  options: GlobalOptions,
  io: CliIo,
): ReturnType<typeof loadConfigWithDetails> {
  const example = (name: string): string =>
    fileURLToPath(new URL(`../../../../examples/flights/${name}`, import.meta.url));
  const values = {
    name: 'demo',
    'kafka.bootstrap-servers': servers,
    'kafka.consumer.group-id': 'demo',
    'kafka.consumer.topics': INPUT,
    'kafka.producer.topic': OUTPUT,
    'dispatcher.transform': example('flights.ts'),
    'dispatcher.input.format': 'json',
    'dispatcher.output.format': 'avro',
    'dispatcher.output.schema': example('flight.avsc'),
    'dispatcher.dead-letter.topic': DEAD_LETTERS,
  };
  return loadConfigWithDetails(options, io, { builtIn: { by: 'the demo', values }, isRun: true });
}

async function load(config: ResolvedConfig, options: GlobalOptions, io: CliIo): Promise<void> {
  const logger = createCliLogger({ ...config.logging, level: { root: 'warn' } }, options, io);
  try {
    await loadFlights(config, INPUT, logger);
  } finally {
    await logger.close(LOG_FLUSH_MS);
  }
}

async function printSamples(config: ResolvedConfig, io: CliIo): Promise<void> {
  io.stdout.write(`\n${SAMPLES} records of ${OUTPUT}, decoded:\n`);
  const whole = { from: { kind: 'earliest' }, until: { kind: 'end' } } as const;
  await printTopic(config, OUTPUT, { ...whole, max: SAMPLES }, io);
  io.stdout.write(`\none record of ${DEAD_LETTERS}:\n`);
  await printTopic(config, DEAD_LETTERS, { ...whole, max: 1, raw: true }, io);
  io.stdout.write('\n');
}
