/**
 * Tracks which stored offsets the broker has not confirmed yet: the end of a run waits for the last commit,
 * so that its report is true.
 */
import type { PartitionId } from '../../core/batch.js';

export class CommitWatch {
  readonly #awaited = new Map<PartitionId, number>();
  #waiter: (() => void) | undefined;

  stored(partitionId: PartitionId, offset: number): void {
    this.#awaited.set(partitionId, offset);
  }

  confirmed(partitionId: PartitionId, offset: number): void {
    const awaited = this.#awaited.get(partitionId);
    if (awaited !== undefined && offset >= awaited) this.forget(partitionId);
  }

  /** No confirmation will come: the commit was refused, or the partition was lost. */
  forget(partitionId: PartitionId): void {
    this.#awaited.delete(partitionId);
    if (this.#awaited.size === 0) this.#waiter?.();
  }

  /** Resolves when all commits are answered; false after `timeoutMs`. */
  async settled(timeoutMs: number): Promise<boolean> {
    if (this.#awaited.size === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#waiter = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
