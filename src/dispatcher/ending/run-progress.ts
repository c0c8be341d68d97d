import type { SeenPartition } from '../../core/progress/progress-book.js';
import type { EndTarget } from '../partitions/partition-state.js';
import type { RunState } from '../run-state.js';
import { type EndWatch, NOTHING_COMMITTED } from './end-watch.js';

/**
 * Writes into the book of progress what is settled in every partition of a bounded run: its own by
 * their ledgers, the others by the group's committed offsets.
 */
export class RunProgress {
  private readonly state: RunState;
  private readonly endWatch: EndWatch;

  constructor(state: RunState, endWatch: EndWatch) {
    this.state = state;
    this.endWatch = endWatch;
    if (state.settings.readsOnlyEnds === true) state.progress.countFromLow();
  }

  /** Called on every tick, and when everything is settled. Costs a walk over the partitions. */
  look(): void {
    const { progress, accounting, deps } = this.state;
    progress.see(deps.clock.nowMs(), { partitions: this.seen(), ...accounting.read });
  }

  private seen(): readonly SeenPartition[] | undefined {
    const targets = this.endWatch.all;
    if (targets === undefined) return undefined;
    const ours = new Map(
      this.state.partitions.owned.map((partition) => [this.endWatch.target(partition), partition.ours]),
    );
    return targets.map((target) => {
      const mine = ours.get(target);
      // Lost, or not opened yet: others may read it already.
      const offset = mine?.reading?.offsets.committable;
      if (offset === undefined || mine === undefined) return seen(target, begunOf(target), target.committed);
      return seen(target, begunOf(target, mine.begunAt), offset);
    });
  }
}

/** Where the group had committed nothing, the member that reads the partition chose its first offset. */
function begunOf({ begun, low }: EndTarget, readFrom?: number): number | undefined {
  return begun === NOTHING_COMMITTED ? (readFrom ?? low) : (begun ?? readFrom);
}

function seen(target: EndTarget, begun: number | undefined, settled: number): SeenPartition {
  const { topic, partition, topicId, low, end, done } = target;
  return { topic, partition, topicId, low, begun, until: end, settled: done ? end : settled };
}
