import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

/**
 * Says when nothing is assigned for long, and what that most likely means: nothing else would show that the
 * run stands still.
 */
export class AssignmentWatch {
  private readonly state: RunState;
  private emptySinceMs: number | undefined;
  private warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(state: RunState) {
    this.state = state;
  }

  /** `assignedOnce`: the group has answered us, perhaps with nothing. */
  tick(status: { readonly owned: number; readonly assignedOnce: boolean; readonly busy: boolean }): void {
    const now = this.state.deps.clock.nowMs();
    if (status.owned > 0 || this.state.stopping) {
      this.emptySinceMs = undefined;
      return;
    }
    this.emptySinceMs ??= now;
    if (
      now - this.emptySinceMs < Limits.unassignedWarnMs ||
      now - this.warnedAtMs < Limits.unassignedWarnAgainMs
    )
      return;
    this.warnedAtMs = now;
    this.state.deps.logger.warn('no partitions assigned', {
      forMs: Math.round(now - this.emptySinceMs),
      reason: reasonFor(status),
    });
  }
}

function reasonFor({
  assignedOnce,
  busy,
}: {
  readonly assignedOnce: boolean;
  readonly busy: boolean;
}): string {
  if (busy)
    return 'partitions were given to us, but the brokers have not answered yet from where to read them';
  if (assignedOnce)
    return (
      'other members of the group hold all partitions: there are as many members as partitions, or ' +
      'more; or the topics have no partitions yet'
    );
  return (
    'the group has not answered: it is still rebalancing (a killed member holds its partitions until its ' +
    'session ends, session.timeout.ms; a slow one until it gives them back), ' +
    'its members use another partition.assignment.strategy or group.protocol, or the topics do not exist yet'
  );
}
