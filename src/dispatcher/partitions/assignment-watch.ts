import { inArea } from '../../ports/logger.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { MembershipState } from './membership.js';

interface AssignmentStatus {
  readonly owned: number;
  readonly membership: MembershipState;
  /** The reason why no broker can be reached. */
  readonly trouble: string | undefined;
}

/**
 * Reports when nothing is assigned for long, with the most likely reason: nothing else would show that the
 * run does not progress.
 */
export class AssignmentWatch {
  private readonly state: RunState;
  private emptySinceMs: number | undefined;
  private warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(state: RunState) {
    this.state = state;
  }

  tick(status: AssignmentStatus): void {
    const now = this.state.deps.clock.nowMs();
    // During an outage its reason is in the log already, and the group gets its time again afterwards.
    if (status.owned > 0 || status.trouble !== undefined || this.state.lifecycle.isStopping()) {
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
    inArea(this.state.deps.logger, 'group').warn('no partitions assigned', {
      forMs: Math.round(now - this.emptySinceMs),
      reason: REASONS[status.membership],
    });
  }
}

const JOINING =
  'the group has not answered: it is still rebalancing (a killed member holds its partitions until its ' +
  'session ends, session.timeout.ms; a slow one until it gives them back), ' +
  'its members use another partition.assignment.strategy or group.protocol, or the topics do not exist yet';

const REASONS: Readonly<Record<MembershipState, string>> = {
  joining: JOINING,
  positioning:
    'partitions were assigned to this member, but the brokers have not yet answered from which ' +
    'offsets to read',
  owner: JOINING,
  spare:
    'the group gave this member none: other members of the group hold all partitions (there are as many ' +
    'members as partitions, or more), or the topics have no partitions yet',
  lost:
    'the group took the partitions away because the session ended (no heartbeat was answered within ' +
    'session.timeout.ms); joining again',
};
