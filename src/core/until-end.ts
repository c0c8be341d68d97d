import type { PartitionId } from './batch.js';

/**
 * The end of a run with `--until end`: every partition of the topics has its committed offset at or past its target, whoever committed it.
 * Targets are the end offsets seen at the start.
 */
export class UntilEnd {
  readonly #targets: ReadonlyMap<PartitionId, number>;
  readonly #reached = new Map<PartitionId, number>();
  #pending: number;

  constructor(targets: ReadonlyMap<PartitionId, number>) {
    this.#targets = new Map(targets);
    this.#pending = [...targets.values()].filter((target) => target > 0).length;
  }

  /**
   * A committed offset (the next to read), or the log's beginning: nothing below it is there to be settled, so a partition whose records
   * are all deleted is done without a commit. Lower ones than before and partitions without a target are ignored.
   */
  reached(partitionId: PartitionId, offset: number): void {
    const target = this.#targets.get(partitionId);
    const before = this.#reached.get(partitionId) ?? 0;
    if (target === undefined || offset <= before) return;
    this.#reached.set(partitionId, offset);
    if (before < target && offset >= target) this.#pending -= 1;
  }

  get done(): boolean {
    return this.#pending === 0;
  }

  /** Partitions short of their targets. */
  pending(): readonly PartitionId[] {
    return [...this.#targets]
      .filter(([partitionId, target]) => (this.#reached.get(partitionId) ?? 0) < target)
      .map(([partitionId]) => partitionId);
  }

  target(partitionId: PartitionId): number | undefined {
    return this.#targets.get(partitionId);
  }

  /** Offsets still to go, at most: gaps count as records. */
  remaining(): number {
    let sum = 0;
    for (const [partitionId, target] of this.#targets) sum += Math.max(0, target - (this.#reached.get(partitionId) ?? 0));
    return sum;
  }

  /** Seconds to go at this rate; undefined while there is no rate to speak of. */
  etaSeconds(recordsPerSecond: number): number | undefined {
    if (this.done) return 0;
    return recordsPerSecond > 0 && Number.isFinite(recordsPerSecond) ? this.remaining() / recordsPerSecond : undefined;
  }
}
