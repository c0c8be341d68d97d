import type { OpenedPartition, PartitionProgress } from '../../ports/source.js';

/** The ends that a bounded reading of a topic goes to. */
export class ReadTargets {
  readonly #done: () => void;
  /** The offset at which a partition is finished; finished ones are removed. */
  readonly #targets = new Map<number, number>();
  readonly #idleSince = new Map<number, number>();

  constructor(done: () => void) {
    this.#done = done;
  }

  get allReached(): boolean {
    return this.#targets.size === 0;
  }

  set(opened: readonly (OpenedPartition & { readonly untilOffset: number })[]): void {
    for (const { partitionId, offset, untilOffset } of opened)
      if (offset < untilOffset) this.#targets.set(partitionId, untilOffset);
    if (this.#targets.size === 0) this.#done();
  }

  reached(partitionId: number, nextOffset: number): void {
    const target = this.#targets.get(partitionId);
    if (target === undefined || nextOffset < target) return;
    this.#targets.delete(partitionId);
    if (this.#targets.size === 0) this.#done();
  }

  /**
   * A log can end with control records, which are in no batch. After the same result twice, with nothing in
   * flight, the partition is finished.
   */
  progress({ partitionId, nextOffset, fetchQueueRecords }: PartitionProgress): void {
    const target = this.#targets.get(partitionId);
    if (target === undefined || nextOffset < target || fetchQueueRecords > 0)
      this.#idleSince.delete(partitionId);
    else if (this.#idleSince.get(partitionId) === nextOffset) this.reached(partitionId, nextOffset);
    else this.#idleSince.set(partitionId, nextOffset);
  }
}
