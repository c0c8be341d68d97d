import type { Block, InputBatch } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { AssignedPartition, EndOffset } from '../../ports/source.js';
import type { ConnectedClient } from '../client/connected-client.js';
import { hiddenTopic } from '../client/hidden-topics.js';
import { partitionCountsOf, REQUEST_TIMEOUT_MS } from '../client/metadata.js';
import { consumerFault } from '../codes.js';
import { type ClientRights, consumerFailure, isAuthorizationError, KafkaCode, refusalOf } from '../errors.js';
import type { NativePartitionTable } from '../native.js';
import { type PendingSignal, pendingSignal, within } from '../promises.js';
import type { KafkaConsumer } from '../rdkafka.js';
import { PositionResolver } from '../source/offsets/positions.js';
import { placeOf, rangeQueries } from '../source/offsets/ranges.js';
import { progressOf } from '../source/partition-progress.js';
import { PartitionRegistry } from '../source/partition-registry.js';
import { ReadLimits } from '../source/read-limits.js';
import { ReaderControl } from '../source/reader-control.js';
import { isolationOf, queriesOf } from '../source/source-options.js';
import { statisticsOf } from '../statistics/document.js';
import { adminOver } from './admin.js';
import { appendTimeTopics, type PlacedRange, placeRanges } from './placed-ranges.js';
import { ReadTargets } from './read-targets.js';
import type { TopicReaderOptions } from './topic-reader-options.js';

/** `untilOffset`: records from here on are not read. */
interface ReadPartition extends AssignedPartition {
  readonly untilOffset: number;
}

/** Returns false to stop. The batch's block is reused afterwards. */
export type BatchHandler = (
  batch: InputBatch,
  partitionOf: (partitionId: number) => ReadPartition,
) => Promise<boolean>;

const BLOCKS = 4;
const BLOCK_BYTES = 1 << 20;
const PARTITIONS_MAX = 10_000;
const LEAVE_TIMEOUT_MS = 10_000;
const READER = {
  recordsMax: 1_000,
  bytesMax: BLOCK_BYTES,
  lingerMs: 0,
  intervalMs: 0,
  cutPerPartition: false,
  readyBatchesMax: BLOCKS,
} as const;

/** One reading of a topic, from the connected client to the last block. */
export class TopicReading {
  readonly #options: TopicReaderOptions;
  readonly #connected: ConnectedClient<KafkaConsumer>;
  readonly #handle: BatchHandler;
  readonly #registry: PartitionRegistry;
  readonly #table: NativePartitionTable;
  readonly #reader: ReaderControl;
  readonly #limits: ReadLimits;
  readonly #finished: PendingSignal = pendingSignal();
  readonly #targets = new ReadTargets(() => this.#end());
  readonly #partitions = new Map<number, ReadPartition>();
  readonly #rights: ClientRights;
  #failure: Error | undefined;
  #ended = false;
  #handling: Promise<void> = Promise.resolve();
  #handlingCount = 0;
  /** Blocks of a single large record are used once. */
  #nextOversizeId = BLOCKS;

  constructor(options: TopicReaderOptions, connected: ConnectedClient<KafkaConsumer>, handle: BatchHandler) {
    this.#options = options;
    this.#connected = connected;
    this.#handle = handle;
    this.#rights = { cluster: options.cluster, topics: [options.topic] };
    this.#table = new options.native.PartitionTable(PARTITIONS_MAX);
    this.#registry = new PartitionRegistry(this.#table);
    this.#reader = new ReaderControl(
      { native: options.native, handleId: connected.handleId, table: this.#table, reader: READER },
      {
        batch: (batch) => this.#enqueue(batch),
        oversize: (bytes) => this.#reader.offer(newBlock(bytes, this.#nextOversizeId++), READER.recordsMax),
        error: (code, text) => this.#onError(code, text),
        defect: (error) => this.#end(error),
      },
    );
    const { logger } = options;
    this.#limits = new ReadLimits({ client: connected.client, reader: this.#reader, logger });
    connected.client.on('event.stats', (event: unknown) => this.#onStatistics(event));
  }

  fail(error: Error): void {
    this.#end(error);
  }

  async run(): Promise<void> {
    const { client } = this.#connected;
    const { topic, range, signal } = this.#options;
    const count = (await partitionCountsOf(client, [topic])).get(topic) ?? 0;
    if (count === 0) {
      const hidden = await hiddenTopic(this.#options.native, this.#connected.handleId, [topic]);
      if (hidden !== undefined) throw refusalOf('consumer', hidden.code, hidden.text, this.#rights);
      throw new DispatcherError(
        'TOPIC_MISSING',
        `the topic ${topic} does not exist (or this user may not see it)`,
        { remedy: 'correct the name; kd topics list --all shows what there is' },
      );
    }
    const ranges = await this.#placed(this.#chosen(await this.#ends(count)));
    const opened = ranges.map(({ partition, from, until }) => ({
      ...this.#registry.assigned({ topic, partition }),
      epoch: 1,
      offset: from.offset,
      untilOffset: until?.offset ?? Number.POSITIVE_INFINITY,
      ...(until === undefined ? {} : { until: until.offset }),
    }));
    this.#reader.start();
    await this.#reader.park();
    for (const partition of opened) {
      this.#partitions.set(partition.partitionId, partition);
      this.#registry.open(partition, partition.epoch);
      this.#reader.open(partition.partitionId, partition.epoch, partition.offset);
      this.#limits.set(partition);
    }
    client.assign(opened.map(({ offset, partition }) => ({ topic, partition, offset })));
    // One that waits for its last records must not make the others be read beyond theirs.
    this.#limits.opened(opened);
    this.#reader.unpark();
    for (let id = 0; id < BLOCKS; id++) this.#reader.offer(newBlock(BLOCK_BYTES, id), READER.recordsMax);
    if (range.until !== undefined) this.#targets.set(opened);
    const onAbort = (): void => this.#end();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) this.#end();
    await this.#finished.promise;
    signal.removeEventListener('abort', onAbort);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async leave(): Promise<void> {
    await within(this.#reader.park(), LEAVE_TIMEOUT_MS, 'the reader did not pause');
    const open = this.#registry.allOpen;
    for (const partition of open) {
      this.#registry.close(partition);
      this.#reader.close(partition.partitionId);
    }
    if (open.length > 0) this.#connected.client.unassign();
    await within(this.#reader.stop(), LEAVE_TIMEOUT_MS, "the reader's threads did not end");
    await this.#connected.disconnect(LEAVE_TIMEOUT_MS);
  }

  /** Those that are to be read. Throws for a number that the topic does not have. */
  #chosen(ends: readonly EndOffset[]): readonly EndOffset[] {
    const { topic, partitions } = this.#options;
    if (partitions === undefined) return ends;
    const missing = [...partitions].find((number) => number >= ends.length);
    if (missing !== undefined)
      throw new DispatcherError('USAGE', `--partitions: the topic ${topic} has no partition ${missing}`, {
        remedy: `its partitions are 0 to ${ends.length - 1}`,
      });
    return ends.filter(({ partition }) => partitions.has(partition));
  }

  #ends(count: number): Promise<EndOffset[]> {
    const { client, handleId } = this.#connected;
    const { topic, native } = this.#options;
    const ranges = rangeQueries({
      native,
      handleId,
      client,
      isolation: isolationOf(this.#options.cluster.properties),
    });
    const resolver = new PositionResolver(queriesOf(client, ranges), {
      groupId: '',
      autoOffsetReset: 'none',
      outOfRange: 'stop',
    });
    return resolver.endOffsets(Array.from({ length: count }, (_, partition) => ({ topic, partition })));
  }

  /** The offsets that the positions mean in each partition. */
  async #placed(ends: readonly EndOffset[]): Promise<readonly PlacedRange[]> {
    const { native, range, topic, placed, firstOfTime } = this.#options;
    const questions = adminOver(this.#connected, {
      native,
      askTimeoutMs: REQUEST_TIMEOUT_MS,
      firstOfTime,
    });
    const ranges = await placeRanges(questions, ends, range);
    const asksTime = range.from.kind === 'time' || range.until?.kind === 'time';
    placed(ranges, asksTime && (await appendTimeTopics(questions, [topic])).length > 0);
    return ranges;
  }

  #enqueue(batch: InputBatch): void {
    this.#handlingCount += 1;
    this.#handling = this.#handling.then(async () => {
      try {
        if (this.#failure === undefined) await this.#work(batch);
      } catch (error) {
        this.#end(error instanceof Error ? error : new Error(String(error)));
      }
      this.#handlingCount -= 1;
      // The last batch may wait until the printed output is read, and the reader is gone by then.
      if (!this.#ended && batch.block.id < BLOCKS) this.#reader.offer(batch.block, READER.recordsMax);
    });
  }

  async #work(batch: InputBatch): Promise<void> {
    if (batch.rowCount > 0 && !(await this.#handle(batch, (id) => this.#partition(id)))) this.#end();
    for (const { partitionId, lastOffset } of batch.segments)
      this.#targets.reached(partitionId, lastOffset + 1);
    const fault = batch.faults[0];
    if (fault === undefined) return;
    if (consumerFault(fault.code) === 'limit') return this.#atLimit(fault.partitionId);
    if (isAuthorizationError(fault.code)) throw refusalOf('consumer', fault.code, fault.text, this.#rights);
    const place = placeOf(this.#partition(fault.partitionId));
    throw new DispatcherError(
      'CORRUPT_INPUT',
      `${place} can't be read at offset ${fault.offset} (librdkafka error ${fault.code}): ${fault.text}`,
    );
  }

  /** The next record is at the limit or beyond: none before it is missing. */
  #atLimit(partitionId: number): void {
    const partition = this.#partition(partitionId);
    this.#limits.rest([partition]);
    this.#targets.reached(partitionId, partition.untilOffset);
  }

  #partition(partitionId: number): ReadPartition {
    const unknown = { partitionId, topic: this.#options.topic, partition: -1, untilOffset: 0 };
    return this.#partitions.get(partitionId) ?? unknown;
  }

  #onStatistics(event: unknown): void {
    if (this.#targets.allReached || this.#handlingCount > 0 || this.#reader.stats().held > 0) return;
    const isolation = isolationOf(this.#options.cluster.properties);
    for (const progress of progressOf(statisticsOf(event), this.#registry, isolation))
      this.#targets.progress(progress);
  }

  #onError(code: number, text: string): void {
    // librdkafka looks for the coordinator of a group that is never joined, so a missing right to it does not
    // matter.
    if (code === KafkaCode.GROUP_AUTHORIZATION_FAILED) return;
    const failure = consumerFailure(code, text, this.#rights);
    if (failure !== undefined) this.#end(failure);
    else this.#connected.log.entry('warn', this.#options.native.errorName(code).name, text, { code });
  }

  #end(failure?: Error): void {
    this.#failure ??= failure;
    this.#ended = true;
    this.#finished.resolve();
  }
}

function newBlock(bytes: number, id: number): Block {
  return { id, bytes: new Uint8Array(new SharedArrayBuffer(Math.ceil(bytes / 8) * 8)) };
}
