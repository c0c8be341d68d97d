import { DispatcherError } from '../../core/errors.js';
import type { OwnedPartition } from '../partitions/partitions.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { EndWatch } from './end-watch.js';

const NAMES_MAX = 10;

/**
 * Partitions without a leader wait, and the others are read. That is reported; a bounded run for which only
 * such partitions are left ends after `stallTimeoutMs`.
 */
export class LeaderWatch {
  private readonly state: RunState;
  private readonly endWatch: EndWatch;
  private leaderlessSinceMs: number | undefined;
  private stuckSinceMs: number | undefined;

  constructor(state: RunState, endWatch: EndWatch) {
    this.state = state;
    this.endWatch = endWatch;
  }

  get leaderless(): readonly OwnedPartition[] {
    return this.state.partitions.owned.filter(({ ours }) => ours.progress?.leaderless === true);
  }

  /** Called on every tick. */
  tick(): void {
    const { state } = this;
    const { leaderless } = this;
    const now = state.deps.clock.nowMs();
    this.leaderlessSinceMs = leaderless.length === 0 ? undefined : (this.leaderlessSinceMs ?? now);
    if (this.leaderlessSinceMs === undefined || state.lifecycle.isStopping()) {
      this.stuckSinceMs = undefined;
      return;
    }
    if (now - this.leaderlessSinceMs > Limits.leaderlessWarnMs)
      state.logLimit.warn('leaderless', 'partitions without a leader wait for one; the others are read', {
        of: namesOf(leaderless),
        forMs: Math.round(now - this.leaderlessSinceMs),
      });
    this.stuckSinceMs = this.isStuck(leaderless) ? (this.stuckSinceMs ?? now) : undefined;
    if (this.stuckSinceMs !== undefined && now - this.stuckSinceMs > state.settings.stallTimeoutMs)
      state.fail(unreachable(leaderless));
  }

  /** Nothing else is left to do. */
  private isStuck(leaderless: readonly OwnedPartition[]): boolean {
    const { settings, inFlight } = this.state;
    if (settings.until !== 'end' || inFlight.size > 0) return false;
    const { open } = this.endWatch;
    return (
      open.length > 0 &&
      open.every((target) =>
        leaderless.some(({ topic, partition }) => topic === target.topic && partition === target.partition),
      )
    );
  }
}

function unreachable(leaderless: readonly OwnedPartition[]): DispatcherError {
  const [are, them] = leaderless.length === 1 ? ['has', 'it'] : ['have', 'them'];
  return new DispatcherError(
    'KAFKA_UNREACHABLE',
    `${namesOf(leaderless)} ${are} no leader; all other partitions are read to their ends`,
    {
      remedy:
        `bring the brokers that hold ${them} back (kafka-topics.sh --describe names them), then start the ` +
        'run again: it reads only what is left',
    },
  );
}

function namesOf(partitions: readonly OwnedPartition[]): string {
  const names = partitions.slice(0, NAMES_MAX).map(({ topic, partition }) => `${topic}[${partition}]`);
  return partitions.length > NAMES_MAX
    ? `${names.join(' ')} and ${partitions.length - NAMES_MAX} more`
    : names.join(' ');
}
