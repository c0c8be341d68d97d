import { DispatcherError } from '../../core/errors.js';

/**
 * - `starting`: a leg connects and loads.
 * - `running`: its records flow.
 * - `ended`: it ran, and has left the group.
 * - `unstarted`: it ended before its records flowed, or could not be made.
 * - `over`: no leg follows. Final.
 */
export type LegState = 'starting' | 'running' | 'ended' | 'unstarted' | 'over';

/** All transitions. A leg starts only when the one before it has ended: never two in one group. */
export const LEG_TRANSITIONS: Readonly<Record<LegState, readonly LegState[]>> = {
  starting: ['running', 'unstarted'],
  running: ['ended'],
  ended: ['starting', 'over'],
  unstarted: ['starting', 'over'],
  over: [],
};

/** The state of a run and its legs. */
export class LegLifecycle {
  #state: LegState = 'starting';
  #legs = 1;

  get state(): LegState {
    return this.#state;
  }

  get isFirst(): boolean {
    return this.#legs === 1;
  }

  /** There is a leg that can be asked and stopped. */
  get hasLeg(): boolean {
    return this.#state === 'starting' || this.#state === 'running';
  }

  /** The newest leg never ran. */
  get isUnproven(): boolean {
    return this.#state === 'starting' || this.#state === 'unstarted';
  }

  transitionTo(next: LegState): void {
    if (!LEG_TRANSITIONS[this.#state].includes(next))
      throw new DispatcherError('DEFECT', `legs: ${this.#state} → ${next} is not in the table`, {
        remedy: 'this is a fault of Kafka-Dispatcher; please report it',
      });
    if (next === 'starting') this.#legs += 1;
    this.#state = next;
  }

  /** The leg's dispatcher has ended. */
  legEnded(): void {
    this.transitionTo(this.#state === 'running' ? 'ended' : 'unstarted');
  }
}
