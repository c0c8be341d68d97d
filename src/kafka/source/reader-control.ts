/** The addon's reader with promises for what it answers by events, and the blocks that it holds. */
import type { Block, Epoch, InputBatch, PartitionId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import { readInputBatch } from '../../wire/input-batch.js';
import type { NativeBinding, NativePartitionTable } from '../native.js';
import type { NativeReader, ReaderListener, ReaderOptions, ReaderStats } from '../native-reader.js';
import { type PendingSignal, pendingSignal } from '../promises.js';

export interface ReaderControlOptions {
  readonly native: NativeBinding;
  readonly handleId: number;
  readonly table: NativePartitionTable;
  readonly reader: ReaderOptions;
}

export interface ReaderControlEvents {
  batch(batch: InputBatch): void;
  oversize(bytes: number): void;
  /** An error on the main queue that does not belong to a position in a log. */
  error(code: number, text: string): void;
  /** The reader broke its contract. */
  defect(error: DispatcherError): void;
}

export class ReaderControl {
  readonly #reader: NativeReader;
  readonly #events: ReaderControlEvents;
  readonly #blocks = new Map<number, Block>();
  #parked = false;
  #resumeOnceParked = false;
  #parking: PendingSignal | undefined;
  #stopping: PendingSignal | undefined;

  constructor(options: ReaderControlOptions, events: ReaderControlEvents) {
    this.#events = events;
    this.#reader = new options.native.Reader(options.handleId, options.table, options.reader, (...event) =>
      this.#onEvent(event),
    );
  }

  start(): void {
    this.#reader.start();
  }

  offer(block: Block, recordsMax: number): void {
    this.#blocks.set(block.id, block);
    this.#reader.offer(block.id, block.bytes, recordsMax);
  }

  reclaim(): Block[] {
    return this.#reader.reclaim().map((id) => this.#takeBlock(id));
  }

  /** Any number of callers may wait; one `unpark` lets the reader continue. */
  park(): Promise<void> {
    this.#resumeOnceParked = false;
    if (this.#parked || this.#stopping !== undefined) return Promise.resolve();
    if (this.#parking === undefined) {
      this.#parking = pendingSignal();
      this.#reader.park();
    }
    return this.#parking.promise;
  }

  unpark(): void {
    if (this.#stopping !== undefined) return;
    if (this.#parking !== undefined) {
      // `parked` has not arrived yet. A later park must not take it for its own answer.
      this.#resumeOnceParked = true;
    } else if (this.#parked) {
      this.#parked = false;
      this.#reader.unpark();
    }
  }

  open(partitionId: PartitionId, epoch: Epoch, nextOffset: number): void {
    this.#reader.open(partitionId, epoch, nextOffset);
  }

  close(partitionId: PartitionId): void {
    this.#reader.close(partitionId);
  }

  halt(partitionId: PartitionId): void {
    this.#reader.halt(partitionId);
  }

  rewind(partitionId: PartitionId, epoch: Epoch, nextOffset: number): void {
    this.#reader.rewind(partitionId, epoch, nextOffset);
  }

  limit(partitionId: PartitionId, until: number): void {
    this.#reader.limit(partitionId, until);
  }

  nextOffset(partitionId: PartitionId): number {
    return this.#reader.nextOffset(partitionId);
  }

  stats(): ReaderStats {
    return this.#reader.stats();
  }

  /** Resolves after both threads have ended; only then may the client be disconnected. */
  stop(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = pendingSignal();
      this.#parking?.resolve();
      this.#parking = undefined;
      this.#reader.stop();
    }
    return this.#stopping.promise;
  }

  #onEvent([kind, a, , , text]: Parameters<ReaderListener>): void {
    switch (kind) {
      case 'batch':
        this.#onBatch(a);
        break;
      case 'oversize':
        this.#events.oversize(a);
        break;
      case 'parked':
        this.#onParked();
        break;
      case 'error':
        this.#events.error(a, text ?? '');
        break;
      case 'stray':
        this.#events.defect(
          new DispatcherError(
            'DEFECT',
            `a record came on the consumer's main queue, where none may come: ${text ?? ''}`,
          ),
        );
        break;
      case 'stopped':
        this.#blocks.clear();
        this.#stopping?.resolve();
        break;
    }
  }

  #onBatch(blockId: number): void {
    let batch: InputBatch;
    try {
      batch = readInputBatch(this.#takeBlock(blockId));
    } catch (cause) {
      this.#events.defect(
        new DispatcherError(
          'DEFECT',
          'a batch of the reader contradicts the wire format: nothing of it can be trusted',
          { cause },
        ),
      );
      return;
    }
    this.#events.batch(batch);
  }

  #onParked(): void {
    if (this.#parking === undefined) return;
    this.#parked = true;
    this.#parking.resolve();
    this.#parking = undefined;
    if (this.#resumeOnceParked) {
      this.#resumeOnceParked = false;
      this.unpark();
    }
  }

  #takeBlock(blockId: number): Block {
    const block = this.#blocks.get(blockId);
    if (block === undefined)
      throw new DispatcherError('DEFECT', `the reader returned block ${blockId}, which it was not given`);
    this.#blocks.delete(blockId);
    return block;
  }
}
