import { DispatcherError } from './errors.js';

/**
 * - `idle`: made, nothing started.
 * - `starting`: the pool loads the transform, sink and source connect.
 * - `running`: records flow.
 * - `draining`: nothing more is read; what is in flight is settled and committed. From `idle` or `starting`
 * when a stop comes before the start is through.
 * - `closing`: draining has ended and the clients are being closed; nothing is counted any more.
 * - `stopped`: everything is closed, the run did its work (or was asked to stop). Final.
 * - `failed`: everything is closed, the run ended by an error. Final.
 */
export type LifecycleState = 'idle' | 'starting' | 'running' | 'draining' | 'closing' | 'stopped' | 'failed';

/** All transitions; any other is a defect. Both final states stay final, so that a run ends only once. */
export const TRANSITIONS: Readonly<Record<LifecycleState, readonly LifecycleState[]>> = {
  idle: ['starting', 'draining'],
  starting: ['running', 'draining'],
  running: ['draining'],
  draining: ['closing'],
  closing: ['stopped', 'failed'],
  stopped: [],
  failed: [],
};

/** `reads`: batches are accepted. `settles`: source and sink may be called, and results count. */
const ALLOWED: Readonly<Record<LifecycleState, { readonly reads: boolean; readonly settles: boolean }>> = {
  idle: { reads: true, settles: true },
  starting: { reads: true, settles: true },
  running: { reads: true, settles: true },
  draining: { reads: false, settles: true },
  closing: { reads: false, settles: false },
  stopped: { reads: false, settles: false },
  failed: { reads: false, settles: false },
};

export class Lifecycle {
  #state: LifecycleState = 'idle';

  get state(): LifecycleState {
    return this.#state;
  }

  /** No more batches are accepted: those that still arrive are given back unread. */
  isStopping(): boolean {
    return !ALLOWED[this.#state].reads;
  }

  /** Source and sink must not be called any more, and nothing is counted any more. */
  isOver(): boolean {
    return !ALLOWED[this.#state].settles;
  }

  /** Begins to drain. Idempotent. */
  stop(): void {
    if (!this.isStopping()) this.transitionTo('draining');
  }

  transitionTo(next: LifecycleState): void {
    if (!TRANSITIONS[this.#state].includes(next)) {
      throw new DispatcherError('DEFECT', `lifecycle: ${this.#state} → ${next} is not in the table`, {
        remedy: 'this is a bug in Kafka-Dispatcher; please report it',
      });
    }
    this.#state = next;
  }
}
