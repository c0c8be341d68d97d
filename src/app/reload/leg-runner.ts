import { newRunBooks } from '../../core/books/run-books.js';
import { DispatcherError, type ErrorCode } from '../../core/errors.js';
import type { RunReport, RunStatus, Standing } from '../../dispatcher/report.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';
import type { Carried, Leg, ReloadStatus, Revision, RevisionSource } from './leg.js';
import { Reloader } from './reloader.js';
import { RunTotals } from './totals.js';

/** Between two attempts to start a leg; doubles each time. */
export const START_AGAIN_MS = 1_000;
export const START_AGAIN_MAX_MS = 15_000;

/**
 * A leg that is being replaced may end with these: nothing is lost, the next one reads from the committed
 * offsets.
 */
const MAKES_ROOM: ReadonlySet<ErrorCode> = new Set([
  'DRAIN_CUT',
  'STOPPED_BEFORE_END',
  'KAFKA_UNREACHABLE',
  'KAFKA_REFUSED',
  'DESTINATION_STALLED',
  'NO_ASSIGNMENT',
]);
/** A running leg that ends with these may have used a file that was replaced meanwhile. */
const MAY_BE_OUTDATED: ReadonlySet<ErrorCode> = new Set([
  'KAFKA_UNREACHABLE',
  'KAFKA_REFUSED',
  'DESTINATION_STALLED',
]);

export interface LegRunnerParts<Config> {
  readonly first: Revision<Config>;
  readonly compose: (config: Config, carried: Carried) => Leg;
  /** Undefined: the run has one leg. */
  readonly source: RevisionSource<Config> | undefined;
  /**
   * The most time from the end of a leg until another one runs; after that the run ends with the last error.
   */
  readonly reloadTimeoutMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Called when a new revision is in force. */
  readonly reloaded?: (config: Config) => void;
}

/** Runs legs one after another as one run: one end, one summary. */
export class LegRunner<Config> {
  private readonly parts: LegRunnerParts<Config>;
  private readonly books = newRunBooks();
  private readonly totals = new RunTotals();
  private readonly reloader: Reloader<Config> | undefined;
  private current: Revision<Config>;
  /** The last leg that ran. */
  private proven: Revision<Config> | undefined;
  private leg: Leg;
  private legs = 0;
  private legRuns = false;
  private legOver = false;
  /** The leg must be replaced by it. */
  private pending: Revision<Config> | undefined;
  /** Resolves the caller's request: it runs, or was given up. */
  private switched: () => void = () => undefined;
  private ends: RunReport['ends'];
  private reloads = 0;
  private stopping = false;
  private over = false;
  private pauseStartMs = 0;
  private startAgainMs = START_AGAIN_MS;
  private wake: () => void = () => undefined;

  constructor(parts: LegRunnerParts<Config>) {
    this.parts = parts;
    const { source, logger, clock } = parts;
    this.current = parts.first;
    this.reloader =
      source === undefined
        ? undefined
        : new Reloader({
            source,
            logger,
            clock,
            current: () => this.current,
            switchTo: (revision) => this.switchTo(revision),
          });
    this.leg = this.begin(parts.first);
  }

  /** Runs until stopped, done or failed; never rejects. */
  async run(): Promise<RunReport> {
    let report = await this.legRan();
    for (;;) {
      const next = await this.next(report);
      if (next === undefined) return this.end(report);
      if (report.records.unsettled > 0) {
        this.books.accounting.rewound(report.records.unsettled);
        this.parts.logger.warn(
          'not all records were settled before new clients: they are read again, and may come twice',
          {
            records: report.records.unsettled,
          },
        );
      }
      report = await this.nextLegRan(next, report);
    }
  }

  private async legRan(): Promise<RunReport> {
    const report = await this.leg.dispatcher.run();
    this.legOver = true;
    this.pauseStartMs = this.legRuns ? this.parts.clock.nowMs() : this.pauseStartMs;
    this.totals.add(report, this.leg.bytesOut());
    this.ends = report.ends ?? this.ends;
    return report;
  }

  /** A leg that can't be created ends like one that does not start. */
  private async nextLegRan(revision: Revision<Config>, before: RunReport): Promise<RunReport> {
    try {
      this.leg = this.begin(revision);
    } catch (cause) {
      this.legOver = true;
      const records = { ...this.books.accounting.snapshot(), unsettled: 0 };
      return { ...before, state: 'failed', error: notMade(cause), endReached: false, hung: false, records };
    }
    return this.legRan();
  }

  /** Schedules a reload of the configuration; requests in short succession become one. */
  reload(cause: 'signal' | 'files'): void {
    this.reloader?.request(cause);
  }

  /** Drains and ends. Idempotent. */
  stop(): void {
    this.stopping = true;
    this.reloader?.close();
    this.leg.dispatcher.stop();
    this.wake();
  }

  /** Stops waiting for the drain. */
  cutNow(): void {
    this.stop();
    this.leg.dispatcher.cutNow();
  }

  status(): RunStatus {
    const status = this.leg.dispatcher.status();
    return this.switching ? { ...status, state: 'reloading' } : status;
  }

  standing(): Standing {
    return this.totals.standing(
      this.legOver
        ? { committed: [], redelivery: [], activeMs: 0, metrics: this.books.metrics.snapshot() }
        : this.leg.dispatcher.standing(),
    );
  }

  get reloadStatus(): ReloadStatus {
    return { count: this.reloads, switching: this.switching, rejected: this.reloader?.rejected };
  }

  bytesOut(): number {
    return this.totals.bytesOut + (this.legOver ? 0 : this.leg.bytesOut());
  }

  get config(): Config {
    return this.current.config;
  }

  private get switching(): boolean {
    return !this.over && !this.stopping && (this.pending !== undefined || (this.legs > 1 && !this.legRuns));
  }

  private begin(revision: Revision<Config>): Leg {
    this.current = revision;
    this.legs += 1;
    this.legRuns = false;
    this.legOver = false;
    return this.parts.compose(revision.config, {
      books: this.books,
      ends: this.ends,
      running: () => this.running(revision),
    });
  }

  private running(revision: Revision<Config>): void {
    this.legRuns = true;
    const { logger, clock, reloaded } = this.parts;
    if (this.legs > 1 && this.proven?.fingerprint !== revision.fingerprint) {
      this.reloads += 1;
      logger.info('the new configuration is in force', {
        reloads: this.reloads,
        pausedMs: Math.round(clock.nowMs() - this.pauseStartMs),
      });
      reloaded?.(revision.config);
    } else if (this.legs > 1) {
      logger.info('the run continues with the previous configuration', {
        pausedMs: Math.round(clock.nowMs() - this.pauseStartMs),
      });
    }
    this.proven = revision;
    this.startAgainMs = START_AGAIN_MS;
    // Requested while no leg was running that could be replaced.
    if (this.pending !== undefined && this.pending.fingerprint !== revision.fingerprint) {
      this.leg.dispatcher.stop();
      return;
    }
    this.pending = undefined;
    this.switched();
  }

  private switchTo(revision: Revision<Config>): Promise<void> {
    if (this.over || this.stopping || revision.fingerprint === this.current.fingerprint)
      return Promise.resolve();
    return new Promise((resolve) => {
      this.pending = revision;
      this.switched = resolve;
      if (!this.legOver) this.leg.dispatcher.stop();
    });
  }

  /** The revision to continue with after a leg; undefined when the run is over. */
  private async next(report: RunReport): Promise<Revision<Config> | undefined> {
    const { error } = report;
    if (this.stopping || report.endReached || report.hung || this.reloader === undefined) return undefined;
    if (this.pending !== undefined && (error === undefined || MAKES_ROOM.has(error.code))) {
      if (error !== undefined)
        this.parts.logger.warn(`while replacing the clients: ${error.message}`, { code: error.code });
      return this.takePending();
    }
    if (error === undefined) return undefined;
    if (!this.legRuns) return this.legs === 1 ? undefined : this.startAgain(error);
    if (!MAY_BE_OUTDATED.has(error.code)) return undefined;
    const fresh = await this.reloader.fresh();
    if (fresh === undefined || this.isStopping()) return undefined;
    this.parts.logger.warn(
      'the clients failed, and the configuration has changed since they were created: creating new clients',
      {
        error: error.message,
      },
    );
    return fresh;
  }

  private takePending(): Revision<Config> | undefined {
    const revision = this.pending;
    this.pending = undefined;
    return revision;
  }

  /** Alternates between the revision that ran before and the current contents of the files. */
  private async startAgain(error: DispatcherError): Promise<Revision<Config> | undefined> {
    const { clock, logger, reloadTimeoutMs } = this.parts;
    const failed = this.current;
    const wasProven = failed.fingerprint === this.proven?.fingerprint;
    if (!wasProven) this.reloader?.giveUp(failed, error);
    this.switched();
    const leftMs = this.pauseStartMs + reloadTimeoutMs - clock.nowMs();
    if (leftMs <= 0) return undefined;
    const inMs = Math.min(this.startAgainMs, leftMs);
    logger.error(
      `the ${wasProven ? 'old' : 'new'} configuration does not start; trying the ` +
        `${wasProven ? 'newest' : 'old'} one`,
      {
        error: error.message,
        code: error.code,
        ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
        inMs,
        givesUpInMs: Math.round(leftMs),
      },
    );
    this.startAgainMs = Math.min(2 * this.startAgainMs, START_AGAIN_MAX_MS);
    await this.pause(inMs);
    if (this.isStopping()) return undefined;
    if (this.pending !== undefined) return this.takePending();
    if (!wasProven && this.proven !== undefined) return this.proven;
    const fresh = await this.reloader?.fresh();
    // Loading takes a while: a leg started after the request to stop would not see that request.
    return this.isStopping() ? undefined : (fresh ?? failed);
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.clock.after(delayMs, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }

  private isStopping(): boolean {
    return this.stopping;
  }

  private end(last: RunReport): RunReport {
    this.over = true;
    this.reloader?.close();
    this.switched();
    const report = this.totals.report(last);
    // Stopped between two legs: the next leg was meant to recover from the error of the last one.
    if (
      this.stopping &&
      !this.legRuns &&
      this.legs > 1 &&
      report.error !== undefined &&
      MAKES_ROOM.has(report.error.code) &&
      !report.hung
    )
      return { ...report, state: 'stopped', error: undefined };
    if (!report.hung || report.error !== undefined || this.pending === undefined || this.stopping)
      return report;
    const error = new DispatcherError(
      'DRAIN_CUT',
      'a client did not close in time, so no new one was created',
      {
        remedy: 'start again: the run continues from the committed offsets, with the new configuration',
      },
    );
    return { ...report, state: 'failed', error };
  }
}

function notMade(cause: unknown): DispatcherError {
  if (cause instanceof DispatcherError) return cause;
  return new DispatcherError(
    'DEFECT',
    `the clients of the configuration could not be created: ` +
      `${cause instanceof Error ? cause.message : String(cause)}`,
    {
      cause,
    },
  );
}
