import { asDispatcherError } from '../as-dispatcher-error.js';
import type { RunState } from '../run-state.js';

/**
 * Serialises everything that changes what is read: assignments, seeks, rewinds, oversize blocks. Each change
 * is made with the reader parked: rows taken before a change must not get an epoch that begins after it.
 */
export class ChangeQueue {
  private readonly state: RunState;
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;

  constructor(state: RunState) {
    this.state = state;
  }

  /** A change is in progress or waiting. */
  get busy(): boolean {
    return this.waiting > 0;
  }

  /** An exception in it ends the run. A change that would begin after the run's end is skipped. */
  enqueue(change: () => Promise<void>): void {
    this.waiting++;
    this.queue = this.queue.then(() => this.run(change));
  }

  /**
   * Runs the change with the reader parked, unless the run ends in the meantime. Once the run is stopping the
   * reader is left as it is: nothing more is read.
   */
  async parked(change: () => void | Promise<void>): Promise<void> {
    const { source } = this.state.deps;
    await source.park();
    if (this.state.lifecycle.isOver()) return;
    try {
      await change();
    } finally {
      if (!this.state.lifecycle.isStopping()) source.unpark();
    }
  }

  /** Resolves when all queued changes are done and `last` ran, with the reader parked for good. */
  parkForGood(last: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.enqueue(async () => {
        try {
          await this.parked(last);
        } finally {
          resolve();
        }
      });
    });
  }

  private async run(change: () => Promise<void>): Promise<void> {
    try {
      if (!this.state.lifecycle.isOver()) await change();
    } catch (error) {
      this.state.fail(asDispatcherError(error));
    }
    this.waiting--;
    this.state.guard(() => undefined);
  }
}
