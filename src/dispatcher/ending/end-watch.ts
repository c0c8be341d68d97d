import type { PartitionId } from '../../core/batch.js';
import type { TopicOffset } from '../../ports/commits.js';
import type { EndOffset, TopicPlace } from '../../ports/source.js';
import { asDispatcherError } from '../as-dispatcher-error.js';
import type { EndTarget, PartitionState } from '../partitions/partition-state.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

/** `EndTarget.begun` where the group had no offset yet. */
export const NOTHING_COMMITTED = -1;

/**
 * Knows when a bounded run is over: every partition of the subscription settled up to the end seen at the
 * start, whoever in the group did it. Ours count by their ledgers (what is settled is committed when the run
 * leaves), the others by the group's committed offsets.
 */
export class EndWatch {
  private readonly state: RunState;
  /** Resolves when the end of reading is known. */
  readonly known: Promise<void>;
  private makeKnown: () => void = () => undefined;
  private targets: Map<string, EndTarget> | undefined;
  private nextPollMs = 0;
  private polling = false;
  /** Partitions whose new ends are being asked for. */
  private asking = 0;
  private version = 0;
  private foreignSinceMs: number | undefined;

  constructor(state: RunState) {
    this.state = state;
    this.known =
      state.settings.until === 'end'
        ? new Promise((resolve) => {
            this.makeKnown = resolve;
          })
        : Promise.resolve();
  }

  /**
   * End offsets from earlier in the same run stay; topics that did not exist then get the current ones,
   * unless only the given partitions are to be read.
   */
  start(seenNow: readonly EndOffset[]): void {
    const { ends = [], readsOnlyEnds = false } = this.state.settings;
    const targets = readsOnlyEnds ? ends : firstSeen(seenNow, ends);
    this.targets = new Map(
      targets.map(({ topic, partition, low, end, high, topicId }) => {
        const empty = end <= low;
        const committed = { committed: low, begun: undefined };
        const target = { topic, partition, low, end, high, topicId, ...committed, empty, done: empty };
        return [keyOf(target), target];
      }),
    );
    this.makeKnown();
  }

  /** Undefined before the start. */
  get ends(): readonly EndOffset[] | undefined {
    if (this.targets === undefined) return undefined;
    return [...this.targets.values()].map(({ topic, partition, low, end, high, topicId }) => ({
      topic,
      partition,
      low,
      end,
      ...(high === undefined ? {} : { high }),
      ...(topicId === undefined ? {} : { topicId }),
    }));
  }

  /** Undefined before the start. */
  get all(): readonly EndTarget[] | undefined {
    return this.targets === undefined ? undefined : [...this.targets.values()];
  }

  /** Changes whenever a partition is moved; undefined while one is being moved. */
  get standing(): number | undefined {
    return this.asking > 0 ? undefined : this.version;
  }

  target(place: TopicPlace): EndTarget | undefined {
    return this.targets?.get(keyOf(place));
  }

  /**
   * The offset at which the run stops reading a partition; undefined: nowhere. A bounded run reads nothing
   * of partitions added since the start.
   */
  untilOf(place: TopicPlace): number | undefined {
    return this.targets === undefined ? undefined : (this.target(place)?.end ?? 0);
  }

  /** Sets the end up to which the run reads from now on. */
  setEnd(target: EndTarget, { low, end, high, topicId }: EndOffset): void {
    // The partition was empty at the start, but the log that is there now may not be.
    const from = { low, committed: low, begun: low };
    Object.assign(target, { ...from, end, high, topicId, empty: false, done: false });
    this.version++;
  }

  /** Never before the end offsets are known. */
  get done(): boolean {
    if (this.targets === undefined || this.asking > 0) return false;
    return [...this.targets.values()].every((target) => target.done);
  }

  /** Partitions that are not yet settled up to their end. */
  get open(): readonly EndTarget[] {
    return [...(this.targets?.values() ?? [])].filter((target) => !target.done);
  }

  /** Called on every tick, and when nothing is in flight. */
  check(): void {
    const foreign = new Set(this.open);
    for (const partition of this.state.partitions.owned) {
      const target = this.targetOf(partition);
      if (target === undefined) continue;
      foreign.delete(target);
      const { reading } = partition.ours;
      if (reading !== undefined && reading.offsets.committable >= target.end) target.done = true;
    }
    const now = this.state.deps.clock.nowMs();
    this.foreignSinceMs = foreign.size === 0 ? undefined : (this.foreignSinceMs ?? now);
    if (foreign.size === 0 || now < this.nextPollMs || this.polling) return;
    this.nextPollMs = now + Limits.committedPollMs;
    this.polling = true;
    void this.poll([...foreign]);
  }

  /**
   * Revoked, lost, or read from another position: what this run settled is no longer enough, only committed
   * offsets count.
   */
  moved(ids: readonly PartitionId[]): void {
    for (const id of ids) {
      const partition = this.state.partitions.get(id);
      const target = partition === undefined ? undefined : this.targetOf(partition);
      if (target !== undefined) target.done = target.empty;
    }
    this.version++;
  }

  /**
   * A policy moved the position. In a log that was replaced (`isReplaced`) or has lost its end, the end seen
   * at the start would be reached too early, or never.
   */
  async readElsewhere(place: TopicPlace, isReplaced: boolean): Promise<void> {
    const target = this.target(place);
    if (target === undefined) return;
    this.asking++;
    try {
      const ends = await Promise.race([this.endNow(target), this.state.stopWanted]);
      const found = ends?.find((one) => one.topic === target.topic && one.partition === target.partition);
      if (found !== undefined && (isReplaced || found.end < target.end)) this.setEnd(target, found);
    } catch (error) {
      if (!this.state.lifecycle.isStopping()) this.state.fail(asDispatcherError(error));
    } finally {
      this.asking--;
    }
  }

  /** Other partitions may be without a leader for long. This one had a leader a moment ago. */
  private async endNow(place: TopicPlace): Promise<readonly EndOffset[]> {
    const { source } = this.state.deps;
    const ends = await source.endsNow([place]);
    return ends.length > 0 ? ends : source.endOffsets();
  }

  private async poll(targets: readonly EndTarget[]): Promise<void> {
    try {
      const committed: readonly TopicOffset[] = await this.state.deps.commits.committedOffsets(targets);
      for (const { topic, partition, offset } of committed) {
        const target = this.target({ topic, partition });
        if (target === undefined) continue;
        target.committed = Math.max(target.committed, offset);
        target.begun ??= offset < 0 ? NOTHING_COMMITTED : target.committed;
        if (offset >= target.end) target.done = true;
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

  private warnOfOthers(left: readonly EndTarget[]): void {
    const NAMES_MAX = 10;
    if (
      left.length === 0 ||
      this.foreignSinceMs === undefined ||
      this.state.deps.clock.nowMs() - this.foreignSinceMs < Limits.unassignedWarnMs
    )
      return;
    this.state.logLimit.warn(
      'others own the rest',
      'waiting for partitions that other members of the group own: the run ends when they have ' +
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

  private targetOf(partition: PartitionState): EndTarget | undefined {
    partition.end ??= this.target(partition);
    return partition.end;
  }
}

function keyOf({ topic, partition }: TopicPlace): string {
  return `${topic}/${partition}`;
}

/**
 * A topic that was known before keeps its end offsets and partitions; one that is no longer read is left out.
 */
function firstSeen(seenNow: readonly EndOffset[], seenEarlier: readonly EndOffset[]): readonly EndOffset[] {
  const topicsNow = new Set(seenNow.map(({ topic }) => topic));
  const topicsEarlier = new Set(seenEarlier.map(({ topic }) => topic));
  return [
    ...seenEarlier.filter(({ topic }) => topicsNow.has(topic)),
    ...seenNow.filter(({ topic }) => !topicsEarlier.has(topic)),
  ];
}
