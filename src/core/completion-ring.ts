import type { BatchId, PartitionId } from './batch.js';
import { DispatcherError } from './errors.js';

interface Entry {
  readonly batchId: BatchId;
  /** Place in the order of reading. */
  readonly sequence: number;
  readonly partitions: readonly PartitionId[];
  /** How many of its partitions have an earlier batch in the ring. */
  blockedBy: number;
  complete: boolean;
}

/**
 * Release order for `ordering: output`: transforms run in any order, and a batch is released when it is
 * complete and is the head of the queue of each of its partitions. This can't deadlock, because every queue
 * holds its batches in the order in which they were read: the oldest batch is the head everywhere.
 */
export class CompletionRing {
  readonly #entries = new Map<BatchId, Entry>();
  readonly #queues = new Map<PartitionId, Entry[]>();
  #releasable: Entry[] = [];
  #sequence = 0;

  /** Appends a batch. Call it in the order of reading. A batch without partitions waits for no other. */
  push(batchId: BatchId, partitionIds: readonly PartitionId[]): void {
    if (this.#entries.has(batchId)) throw defect(`batch ${batchId} was pushed twice`);
    const partitions = [...new Set(partitionIds)];
    const entry: Entry = { batchId, sequence: this.#sequence, partitions, blockedBy: 0, complete: false };
    this.#sequence += 1;
    this.#entries.set(batchId, entry);
    for (const partitionId of partitions) {
      const queue = this.#queues.get(partitionId);
      if (queue === undefined) {
        this.#queues.set(partitionId, [entry]);
      } else {
        queue.push(entry);
        entry.blockedBy += 1;
      }
    }
  }

  /** Call it when the transform of a batch is done. */
  complete(batchId: BatchId): void {
    const entry = this.#entries.get(batchId);
    if (entry === undefined) throw defect(`batch ${batchId} completed, but it is not in the ring`);
    if (entry.complete) throw defect(`batch ${batchId} completed twice`);
    entry.complete = true;
    if (entry.blockedBy === 0) this.#releasable.push(entry);
  }

  /**
   * True when no earlier batch blocks it, so it would be released if it were complete. False when it is not
   * in the ring.
   */
  isHead(batchId: BatchId): boolean {
    return this.#entries.get(batchId)?.blockedBy === 0;
  }

  has(batchId: BatchId): boolean {
    return this.#entries.has(batchId);
  }

  /**
   * The batches that may be released now, in the order of reading; each is returned once and leaves the ring.
   */
  takeReleasable(): BatchId[] {
    const released: Entry[] = [];
    for (let entry = this.#releasable.pop(); entry !== undefined; entry = this.#releasable.pop()) {
      released.push(entry);
      this.#leave(entry);
    }
    return released.sort((a, b) => a.sequence - b.sequence).map((entry) => entry.batchId);
  }

  /** Removes a batch that will not be released (lost partitions); those behind it move up. Idempotent. */
  remove(batchId: BatchId): void {
    const entry = this.#entries.get(batchId);
    if (entry === undefined) return;
    this.#releasable = this.#releasable.filter((other) => other !== entry);
    this.#leave(entry);
  }

  get size(): number {
    return this.#entries.size;
  }

  #leave(entry: Entry): void {
    this.#entries.delete(entry.batchId);
    for (const partitionId of entry.partitions) {
      const queue = this.#queues.get(partitionId) ?? [];
      const index = queue.indexOf(entry);
      queue.splice(index, 1);
      if (queue.length === 0) this.#queues.delete(partitionId);
      const next = queue[0];
      if (index > 0 || next === undefined) continue;
      next.blockedBy -= 1;
      if (next.blockedBy === 0 && next.complete) this.#releasable.push(next);
    }
  }
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `completion ring: ${message}`, {
    remedy: 'this is a bug in Kafka-Dispatcher; please report it',
  });
}
