import type { RunDisplay, RunStatus } from '../../app/run.js';
import type { Logger } from '../../ports/logger.js';
import { RateMeter } from './rate-meter.js';

const INTERVAL_MS = 10_000;

/** Progress for a log of JSON lines: one record every 10 s. */
export class ProgressRecords implements RunDisplay {
  private readonly logger: Logger;
  private readonly rate = new RateMeter();
  private timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  start(status: () => RunStatus): void {
    this.rate.perSecond(status().records.consumed);
    this.timer = setInterval(() => this.say(status()), INTERVAL_MS);
    this.timer.unref();
  }

  /** This display has no live line to clear. */
  clear(): void {}

  stop(): void {
    clearInterval(this.timer);
  }

  private say({ state, stalled, records, lag, owned, threads, threadsBusy, ...rest }: RunStatus): void {
    this.logger.info('progress', {
      state,
      stalled,
      consumed: records.consumed,
      deadLettered: records.deadLettered,
      recordsPerSecond: Math.round(this.rate.perSecond(records.consumed)),
      lag,
      remaining: rest.remaining,
      inFlightBytes: rest.inFlightBytes,
      threadsBusy,
      threads,
      partitions: owned,
    });
  }
}
