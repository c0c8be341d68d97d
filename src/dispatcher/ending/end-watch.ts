import type { PartitionId } from '../../core/batch.js';
import type { TopicOffset } from '../../ports/commits.js';
import type { EndOffset } from '../../ports/source.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

interface Target {
  readonly topic: string;
  readonly partition: number;
  readonly end: number;
  /** There was nothing in it from the beginning. */
  readonly empty: boolean;
  done: boolean;
}

/**
 * Knows when a bounded run is over: every partition of the subscription settled up to the end seen at the
 * start, whoever in the group did it. Ours count by the tracker (what is settled is committed when the run
 * leaves), the others by the group's committed offsets.
 */
export class EndWatch {
  private readonly state: RunState;
  /** Undefined before the start. */
  ends: readonly EndOffset[] | undefined;
  private targets: Map<string, Target> | undefined;
  private readonly targetsById = new Map<PartitionId, Target | undefined>();
  private nextPollMs = 0;
  private polling = false;
  private foreignSinceMs: number | undefined;

  constructor(state: RunState) {
    this.state = state;
  }

  /** What was seen earlier in the same run counts; of topics that were not there then, what is seen now. */
  start(seenNow: readonly EndOffset[], seenEarlier: readonly EndOffset[] = []): void {
    this.ends = firstSeen(seenNow, seenEarlier);
    this.targets = new Map(
      this.ends.map(({ topic, partition, low, end }) => [
        `${topic}/${partition}`,
        { topic, partition, end, empty: end <= low, done: end <= low },
      ]),
    );
  }

  /** Not before the targets are known. */
  get done(): boolean {
    return this.targets !== undefined && [...this.targets.values()].every((target) => target.done);
  }

  /** Records still to be settled, at most (gaps count), for the ETA. */
  remaining(owned: ReadonlyMap<PartitionId, unknown>): number {
    let records = 0;
    for (const id of owned.keys()) {
      const target = this.targetOf(id);
      const committable = this.state.tracker.committable(id);
      if (target !== undefined && !target.done && committable !== undefined)
        records += Math.max(0, target.end - committable);
    }
    return records;
  }

  /** Called on every tick, and when nothing is in flight. */
  check(owned: ReadonlyMap<PartitionId, unknown>): void {
    const foreign = new Set([...(this.targets?.values() ?? [])].filter((target) => !target.done));
    for (const id of owned.keys()) {
      const target = this.targetOf(id);
      const committable = this.state.tracker.committable(id);
      if (target === undefined) continue;
      foreign.delete(target);
      if (committable !== undefined && committable >= target.end) target.done = true;
    }
    const now = this.state.deps.clock.nowMs();
    this.foreignSinceMs = foreign.size === 0 ? undefined : (this.foreignSinceMs ?? now);
    if (foreign.size === 0 || now < this.nextPollMs || this.polling) return;
    this.nextPollMs = now + Limits.committedPollMs;
    this.polling = true;
    void this.poll([...foreign]);
  }

  /**
   * Given back, lost, or read from elsewhere: settled by us is no longer enough, what counts is what is
   * committed.
   */
  moved(ids: readonly PartitionId[]): void {
    for (const id of ids) {
      const target = this.targetOf(id);
      if (target !== undefined) target.done = target.empty;
    }
  }

  private async poll(targets: readonly Target[]): Promise<void> {
    try {
      const committed: readonly TopicOffset[] = await this.state.deps.commits.committedOffsets(targets);
      for (const { topic, partition, offset } of committed) {
        const target = this.targets?.get(`${topic}/${partition}`);
        if (target !== undefined && offset >= target.end) target.done = true;
      }
      this.warnOfOthers(targets.filter((target) => !target.done));
    } catch (error) {
      this.state.logLimit.warn(
        'committed poll',
        'could not ask for the committed offsets of partitions that others own; asking again',
        {
          error: error instanceof Error ? error.message : String(error),
        },
      );
    } finally {
      this.polling = false;
    }
  }

  private warnOfOthers(left: readonly Target[]): void {
    const NAMES_MAX = 10;
    if (
      left.length === 0 ||
      this.foreignSinceMs === undefined ||
      this.state.deps.clock.nowMs() - this.foreignSinceMs < Limits.unassignedWarnMs
    )
      return;
    this.state.logLimit.warn(
      'others own the rest',
      'waiting for partitions that other members of the group hold: the run ends when those have ' +
        'committed up to its end',
      {
        partitions: left.length,
        of: `${left
          .slice(0, NAMES_MAX)
          .map(({ topic, partition }) => `${topic}[${partition}]`)
          .join(' ')}${left.length > NAMES_MAX ? ' …' : ''}`,
        hint: 'a member that was killed holds its partitions until its session ends (session.timeout.ms)',
      },
    );
  }

  private targetOf(id: PartitionId): Target | undefined {
    if (this.targets === undefined) return undefined;
    if (!this.targetsById.has(id)) {
      const { topic, partition } = this.state.deps.describe(id);
      this.targetsById.set(id, this.targets.get(`${topic}/${partition}`));
    }
    return this.targetsById.get(id);
  }
}

/** A topic known earlier keeps its ends and its partitions; one that is no longer read is left out. */
function firstSeen(seenNow: readonly EndOffset[], seenEarlier: readonly EndOffset[]): readonly EndOffset[] {
  const topicsNow = new Set(seenNow.map(({ topic }) => topic));
  const topicsEarlier = new Set(seenEarlier.map(({ topic }) => topic));
  return [
    ...seenEarlier.filter(({ topic }) => topicsNow.has(topic)),
    ...seenNow.filter(({ topic }) => !topicsEarlier.has(topic)),
  ];
}
