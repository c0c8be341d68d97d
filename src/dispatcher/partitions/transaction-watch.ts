import type { PartitionId } from '../../core/batch.js';
import type { PartitionProgress } from '../../ports/source.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

/** Records that no reader of committed records gets: an open transaction stands before them. */
export interface OpenTransaction {
  readonly topic: string;
  readonly partition: number;
  /** Nothing is read from here on. */
  readonly stableOffset: number;
  readonly endOffset: number;
  readonly forMs: number;
}

interface Still {
  readonly stableOffset: number;
  readonly sinceMs: number;
  endOffset: number;
}

/**
 * Notices a last stable offset that does not move although the log goes on behind it: a producer left its
 * transaction open, and this run waits for it with nothing else to show for it.
 */
export class TransactionWatch {
  private readonly state: RunState;
  private readonly still = new Map<PartitionId, Still>();

  constructor(state: RunState) {
    this.state = state;
  }

  progress(partitions: readonly PartitionProgress[]): void {
    const now = this.state.deps.clock.nowMs();
    for (const { partitionId, endOffset, highOffset } of partitions) {
      const known = this.still.get(partitionId);
      if (endOffset < 0 || highOffset <= endOffset) this.still.delete(partitionId);
      else if (known?.stableOffset === endOffset) known.endOffset = highOffset;
      else this.still.set(partitionId, { stableOffset: endOffset, endOffset: highOffset, sinceMs: now });
    }
    for (const one of this.hanging) this.warn(one);
  }

  /** Given back, or read from elsewhere. */
  moved(ids: readonly PartitionId[]): void {
    for (const id of ids) this.still.delete(id);
  }

  /** Those that have not moved for long. */
  get hanging(): readonly OpenTransaction[] {
    const now = this.state.deps.clock.nowMs();
    return [...this.still].flatMap(([id, { sinceMs, stableOffset, endOffset }]) => {
      const forMs = now - sinceMs;
      if (forMs < Limits.stableStillMs) return [];
      const { topic, partition } = this.state.deps.describe(id);
      return [{ topic, partition, stableOffset, endOffset, forMs: Math.round(forMs) }];
    });
  }

  private warn({ topic, partition, stableOffset, endOffset, forMs }: OpenTransaction): void {
    this.state.logLimit.warn(
      `open transaction ${topic}/${partition}`,
      'an open transaction holds back records: they are read when it is committed or aborted',
      {
        topic,
        partition,
        stableOffset,
        endOffset,
        forMs,
        hint:
          `a producer that is gone leaves its transaction open until its timeout; find it with ` +
          `kafka-transactions.sh find-hanging --topic ${topic} --partition ${partition}`,
      },
    );
  }
}
