/** A minimal dispatcher: takes what the source gives, records every row, stores its offset. */

import type { Block, Fault, InputBatch } from '../../src/core/batch.js';
import { loadNative, type NativeBinding } from '../../src/kafka/native.js';
import { createKafkaSource, type KafkaSource } from '../../src/kafka/source/kafka-source.js';
import type { KafkaSourceOptions } from '../../src/kafka/source/source-options.js';
import type { CommitsEvents, CommittedOffset } from '../../src/ports/commits.js';
import type { GroupEvents } from '../../src/ports/group.js';
import type { AssignedPartition, PartitionProgress, SourceEvents } from '../../src/ports/source.js';
import { InputBatchReader } from '../../src/wire/input-reader.js';
import { RecordingLogger } from './support.js';

export const native: NativeBinding = loadNative();

export interface SeenRecord {
  readonly partition: number;
  readonly offset: number;
  readonly epoch: number;
  readonly value: string | null;
}

export type MemberOptions = Partial<KafkaSourceOptions> & {
  readonly servers: string;
  readonly topic: string;
  readonly properties?: Record<string, string>;
  /** Keeps blocks instead of returning them: backpressure. */
  readonly holdBlocks?: boolean;
  readonly blocks?: number;
};

const BLOCK_BYTES = 1 << 18;
const RECORDS_MAX = 500;
let lastEpoch = 0;

export class Member implements SourceEvents, GroupEvents, CommitsEvents {
  readonly source: KafkaSource;
  readonly logger = new RecordingLogger();
  readonly seen: SeenRecord[] = [];
  readonly faults: Fault[] = [];
  readonly failures: Error[] = [];
  readonly commits = new Map<number, number>();
  readonly commitErrors: Error[] = [];
  readonly rebalances: string[] = [];
  readonly owned = new Map<number, AssignedPartition>();
  readonly oversizes: number[] = [];
  lastProgress: readonly PartitionProgress[] = [];
  /** Set false to leave revokes unanswered. */
  answerRevokes = true;
  readonly #options: MemberOptions;
  readonly #table = new native.PartitionTable(1000);
  readonly #reader = new InputBatchReader();
  #work: Promise<void> = Promise.resolve();

  constructor(options: MemberOptions) {
    this.#options = options;
    this.source = createKafkaSource({
      clientId: 'member',
      cluster: {
        bootstrapServers: options.servers.split(','),
        properties: new Map(Object.entries(options.properties ?? {})),
      },
      groupId: 'group',
      topics: { names: [options.topic] },
      missingTopicsFatal: true,
      autoOffsetReset: 'earliest',
      outOfRange: 'stop',
      commitIntervalMs: 200,
      reader: {
        recordsMax: RECORDS_MAX,
        bytesMax: BLOCK_BYTES,
        lingerMs: 0,
        intervalMs: 0,
        cutPerPartition: false,
        readyBatchesMax: 4,
      },
      native,
      table: this.#table,
      logger: this.logger,
      nowMs: () => performance.now(),
      connectTimeoutMs: 15_000,
      ...options,
    });
  }

  async start(): Promise<this> {
    this.source.group.listen(this);
    this.source.commits.listen(this);
    await this.source.start(this);
    for (let id = 0; id < (this.#options.blocks ?? 4); id++)
      this.source.offer(newBlock(BLOCK_BYTES, id), RECORDS_MAX);
    return this;
  }

  async stop(deadlineMs = 15_000): Promise<void> {
    await this.#work;
    await this.source.stop(deadlineMs);
    this.owned.clear();
  }

  get offsets(): number[] {
    return this.seen.map(({ offset }) => offset);
  }

  committedIn(partition: number): number | undefined {
    return this.commits.get(partition);
  }

  batch(batch: InputBatch): void {
    this.#reader.open(batch.block.bytes);
    for (const { partitionId, epoch, firstRow, rowCount } of batch.segments) {
      for (let row = firstRow; row < firstRow + rowCount; row++)
        this.seen.push(this.#record(partitionId, epoch, row));
    }
    this.faults.push(...batch.faults);
    this.source.commits.store(
      batch.segments.map(({ partitionId, lastOffset }) => ({ partitionId, offset: lastOffset + 1 })),
    );
    if (this.#options.holdBlocks !== true && batch.block.bytes.length === BLOCK_BYTES)
      this.source.offer(batch.block, RECORDS_MAX);
  }

  assigned(partitions: readonly AssignedPartition[]): void {
    this.rebalances.push(`assigned ${names(partitions)}`);
    this.#then(async () => {
      const positions = await this.source.positions(partitions);
      await this.source.park();
      lastEpoch += 1;
      this.source.open(
        partitions.map((partition, index) => ({
          ...partition,
          epoch: lastEpoch,
          offset: positions[index]?.offset ?? 0,
        })),
      );
      this.source.unpark();
      for (const partition of partitions) this.owned.set(partition.partitionId, partition);
    });
  }

  spare(): void {
    this.rebalances.push('spare');
  }

  revoked(partitions: readonly AssignedPartition[], lost: boolean): void {
    this.rebalances.push(`${lost ? 'lost' : 'revoked'} ${names(partitions)}`);
    if (!this.answerRevokes) return;
    this.#then(async () => {
      await this.source.park();
      this.source.group.close(partitions);
      this.source.unpark();
      for (const { partitionId } of partitions) this.owned.delete(partitionId);
    });
  }

  committed(offsets: readonly CommittedOffset[], error?: Error): void {
    if (error !== undefined) this.commitErrors.push(error);
    else
      for (const { partitionId, offset } of offsets)
        this.commits.set(this.#table.describe(partitionId).partition, offset);
  }

  replaced(partitions: readonly AssignedPartition[]): void {
    this.failures.push(new Error(`${partitions.length} partitions of a topic that was created again`));
  }

  oversize(bytes: number): void {
    this.oversizes.push(bytes);
    this.source.offer(newBlock(bytes, 1_000 + this.oversizes.length), RECORDS_MAX);
  }

  progress(partitions: readonly PartitionProgress[]): void {
    this.lastProgress = partitions;
  }

  failed(error: Error): void {
    this.failures.push(error);
  }

  #record(partitionId: number, epoch: number, row: number): SeenRecord {
    const length = this.#reader.valueLength(row);
    const start = this.#reader.valueStart(row);
    const value = length < 0 ? null : this.#reader.bytes.toString('utf8', start, start + length);
    return {
      partition: this.#table.describe(partitionId).partition,
      offset: this.#reader.offset(row),
      epoch,
      value,
    };
  }

  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.failures.push(error instanceof Error ? error : new Error(String(error)));
    });
  }
}

export function newBlock(bytes: number, id: number): Block {
  return { id, bytes: new Uint8Array(new SharedArrayBuffer(Math.ceil(bytes / 8) * 8)) };
}

function names(partitions: readonly AssignedPartition[]): string {
  return partitions
    .map(({ partition }) => partition)
    .sort((a, b) => a - b)
    .join(',');
}
