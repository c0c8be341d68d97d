import type { PartitionProgress } from '../../ports/source.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

/** Records that a read_committed consumer does not get, because there is an open transaction before them. */
export interface OpenTransaction {
  readonly topic: string;
  readonly partition: number;
  /** Nothing from this offset on can be read. */
  readonly stableOffset: number;
  readonly endOffset: number;
  readonly forMs: number;
}

/**
 * Detects a last stable offset that does not move although the log grows: a producer left its transaction
 * open, this run waits for it, and nothing else would show the reason.
 */
export class TransactionWatch {
  private readonly state: RunState;

  constructor(state: RunState) {
    this.state = state;
  }

  progress(reports: readonly PartitionProgress[]): void {
    const now = this.state.deps.clock.nowMs();
    for (const { partitionId, endOffset, highOffset } of reports) {
      const seen = this.state.partitions.get(partitionId)?.ours?.reading?.seen;
      if (seen === undefined) continue;
      if (endOffset < 0 || highOffset <= endOffset) seen.still = undefined;
      else if (seen.still?.stableOffset === endOffset) seen.still.endOffset = highOffset;
      else seen.still = { stableOffset: endOffset, endOffset: highOffset, sinceMs: now };
    }
    for (const one of this.hanging) this.warn(one);
  }

  /** Transactions that have been open for long. */
  get hanging(): readonly OpenTransaction[] {
    const now = this.state.deps.clock.nowMs();
    return this.state.partitions.owned.flatMap(({ topic, partition, ours }) => {
      const still = ours.reading?.seen.still;
      if (still === undefined || now - still.sinceMs < Limits.stableStillMs) return [];
      const { stableOffset, endOffset, sinceMs } = still;
      return [{ topic, partition, stableOffset, endOffset, forMs: Math.round(now - sinceMs) }];
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
