import type { CommitsEvents, CommittedOffset } from '../../ports/commits.js';
import { levelInOutage } from '../outage-words.js';
import type { RunState } from '../run-state.js';

/** The brokers' answers to commits. */
export class ConfirmedOffsets implements CommitsEvents {
  private readonly state: RunState;

  constructor(state: RunState) {
    this.state = state;
  }

  committed(offsets: readonly CommittedOffset[], error?: Error): void {
    if (error !== undefined) this.refused(error);
    else for (const { partitionId, offset } of offsets) this.state.partitions.confirmed(partitionId, offset);
  }

  private refused({ message }: Error): void {
    // The error that ends the run is the reason, and was already reported.
    if (this.state.errors.length > 0) return;
    if (levelInOutage(this.state) === 'debug') {
      this.state.deps.logger.debug('a commit was refused', { error: message });
      return;
    }
    const outlook = this.state.lifecycle.isStopping()
      ? ' while the run ends: the summary lists what may come twice'
      : '; what it covered is committed with the next one';
    this.state.logLimit.warn('commit', `a commit was refused${outlook}`, { error: message });
  }
}
