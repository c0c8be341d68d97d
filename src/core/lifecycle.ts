import { DispatcherError } from './errors.js';

/**
 * - `idle`: made, nothing started.
 * - `starting`: the pool loads the transform, sink and source connect.
 * - `running`: records flow.
 * - `draining`: nothing more is read; what is in flight is settled and committed. From `starting` when a stop
 * comes before the start is through.
 * - `stopped`: everything is closed, the run did its work (or was asked to stop). Final.
 * - `failed`: everything is closed, the run ended by an error. Final.
 */
export type RunState = 'idle' | 'starting' | 'running' | 'draining' | 'stopped' | 'failed';

/** All transitions; any other is a defect. Both final states stay final, so that a run ends only once. */
export const RUN_TRANSITIONS: Readonly<Record<RunState, readonly RunState[]>> = {
  idle: ['starting', 'stopped', 'failed'],
  starting: ['running', 'draining', 'failed'],
  running: ['draining', 'failed'],
  draining: ['stopped', 'failed'],
  stopped: [],
  failed: [],
};

export class Lifecycle {
  #state: RunState = 'idle';

  get state(): RunState {
    return this.#state;
  }

  /** True in the states stopped and failed. */
  get isOver(): boolean {
    return RUN_TRANSITIONS[this.#state].length === 0;
  }

  canTransitionTo(next: RunState): boolean {
    return RUN_TRANSITIONS[this.#state].includes(next);
  }

  transitionTo(next: RunState): void {
    if (!this.canTransitionTo(next)) {
      throw new DispatcherError('DEFECT', `lifecycle: ${this.#state} → ${next} is not in the table`, {
        remedy: 'this is a bug in Kafka-Dispatcher; please report it',
      });
    }
    this.#state = next;
  }
}
