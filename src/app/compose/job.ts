/** The composition of the main job: names its concrete adapters. */
import { basename } from 'node:path';
import { createTopicsCommand } from '../../checks/create-command.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { batchSizeLimits, inFlightBatchesMax, producerQueueBytes } from '../../config/resolve/budgets.js';
import { parseRate } from '../../config/text/units.js';
import type { Block } from '../../core/batch.js';
import { Dispatcher } from '../../dispatcher/dispatcher.js';
import type { DispatcherDeps, DispatcherSettings } from '../../dispatcher/settings.js';
import { requireSameCounts } from '../../kafka/client/metadata.js';
import { loadNative, type NativeBinding, type NativePartitionTable } from '../../kafka/native.js';
import { createKafkaSink, type KafkaSink } from '../../kafka/sink/kafka-sink.js';
import { createKafkaSource } from '../../kafka/source/kafka-source.js';
import type { ClientFigures } from '../../ports/client-figures.js';
import type { Clock } from '../../ports/clock.js';
import { inArea, type Logger } from '../../ports/logger.js';
import type { Receipts } from '../../ports/receipts.js';
import type { EndOffset } from '../../ports/source.js';
import type { Telemetry } from '../../ports/telemetry.js';
import type { Throttle } from '../../ports/throttle.js';
import type { Turns } from '../../ports/turns.js';
import type { Carried } from '../reload/leg.js';
import { jobPool } from './pool.js';

const PARTITIONS_MAX = 100_000;
/** Parts that wait for the writer or are unsettled; far more than the blocks allow. */
const WRITER_PARTS_MAX = 4096;
const WRITER_POLL_INTERVAL_MS = 100;
const READY_BATCHES_MAX = 64;
/** Of the producer, for scrapes alone. */
const STATISTICS_INTERVAL_MS = 5_000;
const STORE_INTERVAL_MAX_MS = 250;

export interface Composition {
  readonly dispatcher: Dispatcher;
  /** Bytes of keys, values and headers sent to the producer. */
  bytesOut(): number;
  /** The clients' own figures. */
  clients(): readonly ClientFigures[];
}

export interface ComposeOptions {
  readonly config: ResolvedConfig;
  readonly until: 'end' | 'forever';
  /** The only partitions that a bounded run reads, and their ends. */
  readonly bounds: readonly EndOffset[] | undefined;
  readonly logger: Logger;
  readonly throttle: Throttle;
  /** State from earlier legs of the same run. */
  readonly carried?: Carried;
  /** Undefined: none is written. */
  readonly receipts?: Receipts | undefined;
  readonly telemetry?: Telemetry | undefined;
  /** Undefined: workers need not wait for those of other pipelines. */
  readonly turns?: Turns | undefined;
}

/** A leg of the main job's run, ready to start. */
export function compose(options: ComposeOptions): Composition {
  const { config, until, bounds, throttle, carried, receipts, telemetry, turns } = options;
  const logger = inArea(options.logger, 'kafka');
  const native = loadNative();
  const table = new native.PartitionTable(PARTITIONS_MAX);
  const { dispatcher: job, consumer } = config;
  const output = config.producer.topic;
  const nowMs = (): number => performance.now();
  const source = createKafkaSource({
    clientId: config.name,
    groupId: consumer.groupId,
    cluster: consumer,
    topics: consumer.topics,
    missingTopicsFatal: consumer.missingTopicsFatal,
    createTopicsCommand: createTopicsCommand(config.file, process.cwd()),
    autoOffsetReset: consumer.autoOffsetReset,
    outOfRange: consumer.outOfRange,
    commitIntervalMs: job.commitIntervalMs,
    reader: {
      recordsMax: job.batch.recordsMax,
      bytesMax: job.batch.bytesMax,
      lingerMs: job.batch.lingerMs,
      intervalMs: job.batch.intervalMs,
      cutPerPartition: job.ordering === 'partition',
      readyBatchesMax: READY_BATCHES_MAX,
    },
    native,
    table,
    logger,
    nowMs,
    ...(job.output.partition === 'same' && output !== undefined
      ? { checkCounts: async (counts) => requireSameCounts(counts, await sink.topic(output)) }
      : {}),
  });
  const sink = jobSink(config, { native, table, logger, nowMs, receipts: receipts !== undefined });
  const describe: DispatcherDeps['describe'] = (id) => table.describe(id);
  const pool = jobPool(config, sink, {
    logger: inArea(logger, 'transform'),
    describePartition: describe,
    turns,
  });
  const clock: Clock = { nowMs, after: realTimer };
  const settings = {
    ...dispatcherSettings(config, until),
    ...endsOf(bounds, carried?.ends),
  };
  const shared = carried === undefined ? {} : { books: carried.books, running: carried.running };
  const deps = {
    source,
    group: source.group,
    commits: source.commits,
    sink,
    pool,
    clock,
    logger: inArea(logger, 'dispatcher'),
    throttle,
    createBlock,
    describe,
    ...shared,
    ...(receipts === undefined ? {} : { receipts }),
    ...tracerOf(telemetry, config, describe),
  };
  return {
    dispatcher: new Dispatcher(deps, settings),
    bytesOut: () => sink.writerStats()?.bytes ?? 0,
    clients: () => [source.figures(), sink.figures()].filter((figures) => figures !== undefined),
  };
}

function tracerOf(
  telemetry: Telemetry | undefined,
  { name, consumer, dispatcher: { transform } }: ResolvedConfig,
  describe: DispatcherDeps['describe'],
): Pick<DispatcherDeps, 'tracer'> {
  const tracer = telemetry?.tracer({
    clientId: name,
    groupId: consumer.groupId,
    transform: transform === undefined ? undefined : basename(transform),
    describe,
  });
  return tracer === undefined ? {} : { tracer };
}

export interface SinkParts {
  readonly native: NativeBinding;
  readonly table: NativePartitionTable;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** The writer notes what was acknowledged where. */
  readonly receipts?: boolean;
}

/** The job's producer, for a run or for a trial of its configuration. */
export function jobSink(config: ResolvedConfig, { receipts = false, ...parts }: SinkParts): KafkaSink {
  const { dispatcher: job, producer } = config;
  return createKafkaSink({
    clientId: config.name,
    cluster: producer,
    createTopicsCommand: createTopicsCommand(config.file, process.cwd()),
    outputTopics: outputTopicNames(config),
    deadLetterTopic: job.deadLetterTopic,
    queueBytesMax: producerQueueBytes(job.inFlight.bytesMax),
    partition: job.output.partition,
    statisticsIntervalMs: config.server === undefined ? 0 : STATISTICS_INTERVAL_MS,
    writer: {
      partsMax: WRITER_PARTS_MAX,
      pollIntervalMs: WRITER_POLL_INTERVAL_MS,
      receipts,
      sourceHeaders: config.dispatcher.output.sourceHeaders,
    },
    ...parts,
  });
}

function dispatcherSettings(config: ResolvedConfig, until: 'end' | 'forever'): DispatcherSettings {
  const { dispatcher: job } = config;
  return {
    ordering: job.ordering,
    until,
    blockBytes: job.batch.bytesMax,
    blocksBytesMax: job.inFlight.bytesMax - producerQueueBytes(job.inFlight.bytesMax),
    inFlightRecordsMax: job.inFlight.recordsMax,
    inFlightBatchesMax: inFlightBatchesMax(job.threads),
    ...rateOf(job.rate),
    batchSize: batchSizeLimits(job),
    drainTimeoutMs: job.drainTimeoutMs,
    rebalanceDrainTimeoutMs: job.rebalanceDrainTimeoutMs,
    stallTimeoutMs: job.stallTimeoutMs,
    storeIntervalMs: Math.min(STORE_INTERVAL_MAX_MS, job.commitIntervalMs / 2),
    outputTopics: outputTopicNames(config),
    deadLettersMaxPercent: job.deadLetter.stopAbovePercent,
    unknownTopic: job.unknownTopic,
  };
}

/** A later leg keeps the ends of the first one, which may have changed with their topics. */
function endsOf(
  bounds: readonly EndOffset[] | undefined,
  earlier: readonly EndOffset[] | undefined,
): Pick<DispatcherSettings, 'ends' | 'readsOnlyEnds'> {
  const ends = earlier ?? bounds;
  return { ...(ends === undefined ? {} : { ends }), readsOnlyEnds: bounds !== undefined };
}

/** Checked when the configuration was read. */
function rateOf(text: string | undefined): Pick<DispatcherSettings, 'rate'> {
  const rate = text === undefined ? undefined : parseRate(text);
  return rate?.ok === true ? { rate } : {};
}

export function outputTopicNames({ producer, dispatcher: { deadLetterTopic } }: ResolvedConfig): string[] {
  return [producer.topic, deadLetterTopic].filter((topic) => topic !== undefined);
}

function createBlock(bytes: number, id: number): Block {
  return { id, bytes: new Uint8Array(new SharedArrayBuffer(bytes)) };
}

function realTimer(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}
