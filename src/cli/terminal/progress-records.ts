import type { RunDisplay, ShownRun } from '../../app/attended.js';
import type { Logger } from '../../ports/logger.js';

const INTERVAL_MS = 10_000;

/** Progress for a log of JSON lines: one record every 10 s. */
export class ProgressRecords implements RunDisplay {
  private readonly logger: Logger;
  private timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  start(look: () => readonly ShownRun[]): void {
    this.timer = setInterval(() => look().forEach((run) => this.say(run)), INTERVAL_MS);
    this.timer.unref();
  }

  /** This display has no live line to clear. */
  clear(): void {}

  stop(): void {
    clearInterval(this.timer);
  }

  private say({ name, status }: ShownRun): void {
    const { state, stalled, records, lag, owned, threads, threadsBusy, ...rest } = status;
    this.logger.info('progress', {
      ...(name === undefined ? {} : { pipeline: name }),
      state,
      stalled,
      consumed: records.consumed,
      deadLettered: records.deadLettered,
      progress: rest.progress,
      lag,
      slowed: rest.slowed,
      inFlightBytes: rest.inFlightBytes,
      threadsBusy,
      threads,
      partitions: owned,
    });
  }
}
