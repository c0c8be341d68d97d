/**
 * Writes records that come from outside Kafka: packs them into output batches, a few at a time, and passes
 * them to a sink.
 */
import type { Block } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { DeliveryFailure, OutputTopic, Settled, Sink } from '../../ports/sink.js';
import { InputBatchWriter } from '../../wire/input-writer.js';
import { HEADER_BYTES, OUTPUT_ROW_BYTES, RowFlag } from '../../wire/layout.js';
import { OutputBatchWriter } from '../../wire/output-writer.js';
import type { HeaderValue } from '../../wire/packed-headers.js';
import type { NativePartitionTable } from '../native.js';
import { type PendingSignal, pendingSignal } from '../promises.js';

export interface OutgoingRecord {
  readonly key: Uint8Array | null;
  readonly headers: readonly (readonly [name: string, value: HeaderValue])[];
  readonly partition: number | undefined;
  readonly timestampMs: number | undefined;
  /**
   * Undefined: a tombstone. Writes the value at `start`; returns −1 − neededBytes if `[start, limit)` is too
   * small.
   */
  readonly encode: ((bytes: Uint8Array, start: number, limit: number) => number) | undefined;
}

const BLOCK_BYTES = 1 << 20;
/** Maximum number of batches in flight: together with the producer's queue this limits memory. */
const BATCHES_MAX = 4;
const ROWS_MAX = 2_000;
/** Room for anything but the record's own bytes in a block created for it alone. */
const BLOCK_OVERHEAD_BYTES = 1_024;
/** A record can't be larger: the positions in a block have 32 bits. */
const RECORD_BYTES_MAX = 1 << 30;
const FAILURES_KEPT_MAX = 100;
/**
 * The source that all records claim: one row of a partition that does not exist, always in its first epoch.
 */
const SOURCE = { topic: ' outside', partition: 0, epoch: 1 };

export interface FailedRecord {
  /** The row number that `add` was given. */
  readonly label: number;
  /** Kafka's name for the error. */
  readonly name: string;
  /** The broker's words about this record. */
  readonly words?: string;
}

interface OpenBatch {
  readonly block: Block;
  /** For each row the label that the caller gave the record. */
  readonly labels: number[];
}

export class RecordWriter {
  readonly #sink: Sink;
  readonly #topic: OutputTopic;
  readonly #source: Block;
  readonly #free: Block[] = [];
  readonly #underWay = new Map<number, OpenBatch>();
  readonly #batch = new OutputBatchWriter();
  readonly #failed: FailedRecord[] = [];
  #open: OpenBatch | undefined;
  #nextBatchId = 1;
  #nextBlockId = 0;
  #acknowledged = 0;
  #failedCount = 0;
  #waiting: PendingSignal | undefined;
  #failure: Error | undefined;

  constructor(sink: Sink, topic: OutputTopic, table: NativePartitionTable) {
    this.#sink = sink;
    this.#topic = topic;
    const partitionId = table.idOf(SOURCE.topic, SOURCE.partition);
    table.setEpoch(partitionId, SOURCE.epoch);
    this.#source = this.#newBlock(BLOCK_OVERHEAD_BYTES);
    const source = new InputBatchWriter(this.#source.bytes);
    source.add(partitionId, SOURCE.epoch, { offset: 0, timestamp: -1, key: null, value: null });
    source.close();
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get failedCount(): number {
    return this.#failedCount;
  }

  /** The first failures, in order. */
  get failed(): readonly FailedRecord[] {
    return this.#failed.toSorted((a, b) => a.label - b.label);
  }

  /** For the sink's events. */
  settled({ batchId, acknowledged, failures }: Settled): void {
    const batch = this.#underWay.get(batchId);
    if (batch === undefined) return;
    this.#underWay.delete(batchId);
    if (batch.block.bytes.length === BLOCK_BYTES) this.#free.push(batch.block);
    this.#acknowledged += acknowledged;
    for (const failure of failures) this.#noteFailure(batch.labels, failure);
    this.#wake();
  }

  /** For the sink's events: the producer has failed for good, nothing more will settle. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  /**
   * Waits while the maximum number of batches is in flight. `label` names the record in `failed`. Throws the
   * encoder's errors; then nothing of the record is sent.
   */
  async add(record: OutgoingRecord, label: number): Promise<void> {
    let needed = await this.#tryAdd(record);
    if (needed > 0) {
      this.flush();
      needed = await this.#tryAdd(record);
    }
    if (needed > 0) {
      this.flush();
      await this.#openBatch(needed);
      needed = this.#pack(record);
    }
    if (needed > 0)
      throw new DispatcherError(
        'DEFECT',
        `a record of ${needed} bytes does not fit the block that was created for it`,
      );
    this.#open?.labels.push(label);
  }

  /** Sends everything added so far. */
  flush(): void {
    const open = this.#open;
    if (open === undefined || this.#batch.rowCount === 0) return;
    this.#open = undefined;
    this.#batch.finish(1);
    const batchId = this.#nextBatchId;
    this.#nextBatchId += 1;
    this.#underWay.set(batchId, open);
    this.#sink.write(batchId, 0, this.#source, open.block);
  }

  /** Resolves when everything added is acknowledged or has failed. */
  async drain(): Promise<void> {
    this.flush();
    while (this.#underWay.size > 0) await this.#change();
  }

  /** Returns 0, or the bytes that the record needs. */
  async #tryAdd(record: OutgoingRecord): Promise<number> {
    if (this.#open === undefined) await this.#openBatch(0);
    return this.#pack(record);
  }

  async #openBatch(recordBytes: number): Promise<void> {
    if (recordBytes > RECORD_BYTES_MAX)
      throw new DispatcherError('USAGE', `a record of ${recordBytes} bytes is too large`);
    while (this.#underWay.size >= BATCHES_MAX) await this.#change();
    const large = recordBytes + BLOCK_OVERHEAD_BYTES + HEADER_BYTES + OUTPUT_ROW_BYTES;
    const block =
      large > BLOCK_BYTES ? this.#newBlock(large) : (this.#free.pop() ?? this.#newBlock(BLOCK_BYTES));
    this.#batch.open(block.bytes, {
      firstSourceRow: 0,
      sourceRowsMax: 1,
      rowsMax: large > BLOCK_BYTES ? 1 : ROWS_MAX,
    });
    this.#open = { block, labels: [] };
  }

  /** Returns 0 if the record is in the open batch; else the bytes it needs, and the batch is unchanged. */
  #pack(record: OutgoingRecord): number {
    const batch = this.#batch;
    batch.mark();
    const outside = batch.payloadEnd;
    try {
      const needed = this.#packParts(record);
      if (needed > 0) batch.rollback();
      return needed;
    } catch (error) {
      batch.payloadEnd = outside;
      batch.rollback();
      throw error;
    }
  }

  #packParts(record: OutgoingRecord): number {
    const batch = this.#batch;
    const fixedBytes =
      (record.key?.length ?? 0) +
      record.headers.reduce(
        (sum, [name, value]) => sum + 8 + Buffer.byteLength(name) + headerBytes(value),
        0,
      );
    if (!batch.addRow(0, this.#topic.number, record.key === null ? 0 : RowFlag.keySet)) return fixedBytes + 1;
    if (record.partition !== undefined) batch.setPartition(record.partition);
    if (record.timestampMs !== undefined) batch.setTimestamp(record.timestampMs);
    if (record.key !== null && !batch.copyKey(record.key)) return fixedBytes + 1;
    if (record.headers.length > 0 && !batch.copyHeaders(record.headers)) return fixedBytes + 1;
    if (record.encode === undefined) return 0;
    const end = record.encode(batch.bytes, batch.payloadEnd, batch.limit);
    if (end < 0) return fixedBytes + (-1 - end);
    batch.takeValue(end);
    return 0;
  }

  #noteFailure(labels: readonly number[], { outputRow, name, words }: DeliveryFailure): void {
    this.#failedCount += 1;
    if (this.#failed.length < FAILURES_KEPT_MAX)
      this.#failed.push({
        label: labels[outputRow] ?? -1,
        name,
        ...(words === undefined ? {} : { words }),
      });
  }

  async #change(): Promise<void> {
    this.#throwFailure();
    this.#waiting ??= pendingSignal();
    await this.#waiting.promise;
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  #newBlock(bytes: number): Block {
    this.#nextBlockId += 1;
    return { id: this.#nextBlockId, bytes: new Uint8Array(new SharedArrayBuffer(Math.ceil(bytes / 8) * 8)) };
  }
}

function headerBytes(value: HeaderValue): number {
  if (value === null) return 0;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}
