import { measuredIn, newRunBooks, type RunBooks } from '../../core/books/run-books.js';
import { DispatcherError } from '../../core/errors.js';
import type { RunReport, RunStatus, Standing } from '../../dispatcher/report.js';
import type { RecordPlace, RecordTrace } from '../../dispatcher/trace.js';
import type { ClientFigures } from '../../ports/client-figures.js';
import { type LegEnd, reportOfRun } from './after-leg.js';
import type { Leg, LegRunnerParts, ReloadStatus, Revision } from './leg.js';
import { LegLifecycle } from './leg-lifecycle.js';
import { LegNews } from './leg-news.js';
import { NextLeg } from './next-leg.js';
import { Reloader } from './reloader.js';
import { RestartPause } from './restart-pause.js';
import { Takeover } from './takeover.js';
import { RunTotals } from './totals.js';

/** Runs legs one after another as one run: one end, one summary. */
export class LegRunner<Config> {
  private readonly parts: LegRunnerParts<Config>;
  private readonly books = newRunBooks();
  private readonly totals = new RunTotals();
  private readonly lifecycle = new LegLifecycle();
  private readonly takeover: Takeover<Config>;
  private readonly restart: RestartPause;
  private readonly news: LegNews;
  private readonly reloader: Reloader<Config> | undefined;
  private readonly nextLeg: NextLeg<Config>;
  private leg: Leg;
  private ends: RunReport['ends'];
  private reloads = 0;
  private stopping = false;

  constructor(parts: LegRunnerParts<Config>) {
    this.parts = parts;
    const { first, source, logger, clock, reloadTimeoutMs } = parts;
    this.takeover = new Takeover(first);
    this.restart = new RestartPause(clock, reloadTimeoutMs);
    this.news = new LegNews(logger);
    this.reloader =
      source === undefined
        ? undefined
        : new Reloader({
            source,
            logger,
            clock,
            current: () => this.takeover.current,
            isJoining: () => this.isJoining,
            switchTo: (revision) => this.switchTo(revision),
          });
    const { takeover, restart, reloader, news } = this;
    this.nextLeg = new NextLeg({ takeover, restart, reloader, news, isStopping: () => this.stopping });
    this.leg = this.compose(first);
  }

  /** Runs until stopped, done or failed; never rejects. */
  async run(): Promise<RunReport> {
    let report = await this.legRan();
    for (;;) {
      const next = await this.nextLeg.after(this.endOf(report));
      if (next === undefined) return this.end(report);
      const { unsettled } = report.records;
      if (unsettled > 0) {
        this.books.accounting.rewound(unsettled);
        this.news.readAgain(unsettled);
      }
      report = await this.nextLegRan(next, report);
    }
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
    this.restart.wake();
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
      this.lifecycle.hasLeg ? this.leg.dispatcher.standing() : nothingStands(this.books),
    );
  }

  /** Undefined: between two legs nothing is read. */
  trace(place: RecordPlace): RecordTrace | undefined {
    return this.lifecycle.hasLeg ? this.leg.dispatcher.trace(place) : undefined;
  }

  get reloadStatus(): ReloadStatus {
    return { count: this.reloads, switching: this.switching, rejected: this.reloader?.rejected };
  }

  bytesOut(): number {
    return this.totals.bytesOut + (this.lifecycle.hasLeg ? this.leg.bytesOut() : 0);
  }

  clients(): readonly ClientFigures[] {
    return this.lifecycle.hasLeg ? this.leg.clients() : [];
  }

  get config(): Config {
    return this.takeover.current.config;
  }

  private get switching(): boolean {
    const { lifecycle, takeover, stopping } = this;
    if (stopping || lifecycle.state === 'over') return false;
    return takeover.hasPending || (lifecycle.isUnproven && !lifecycle.isFirst);
  }

  private get isJoining(): boolean {
    if (!this.lifecycle.hasLeg) return false;
    const { membership } = this.leg.dispatcher.status();
    return membership === 'joining' || membership === 'lost';
  }

  private compose(revision: Revision<Config>): Leg {
    return this.parts.compose(revision.config, {
      books: this.books,
      ends: this.ends,
      running: () => this.running(),
    });
  }

  private async legRan(): Promise<RunReport> {
    const report = await this.leg.dispatcher.run();
    this.lifecycle.legEnded();
    if (this.lifecycle.state === 'ended') this.restart.begin();
    this.totals.add(report, this.leg.bytesOut());
    this.ends = report.ends ?? this.ends;
    return report;
  }

  /** A leg that can't be created ends like one that does not start. */
  private async nextLegRan(revision: Revision<Config>, before: RunReport): Promise<RunReport> {
    this.takeover.begin(revision);
    this.lifecycle.transitionTo('starting');
    try {
      this.leg = this.compose(revision);
    } catch (cause) {
      this.lifecycle.legEnded();
      const records = { ...this.books.accounting.snapshot(), unsettled: 0 };
      return { ...before, state: 'failed', error: notMade(cause), endReached: false, hung: false, records };
    }
    return this.legRan();
  }

  private running(): void {
    const { lifecycle, takeover } = this;
    const isNew = !takeover.isProven;
    const pausedMs = this.restart.end();
    lifecycle.transitionTo('running');
    if (!lifecycle.isFirst && isNew) {
      this.reloads += 1;
      this.news.newConfiguration(this.reloads, pausedMs);
      this.parts.reloaded?.(this.config);
    } else if (!lifecycle.isFirst) this.news.sameConfiguration(pausedMs);
    if (!takeover.runs()) this.leg.dispatcher.stop();
  }

  private switchTo(revision: Revision<Config>): Promise<void> {
    const { lifecycle, takeover } = this;
    const isUseless = revision.fingerprint === takeover.current.fingerprint;
    if (lifecycle.state === 'over' || this.stopping || isUseless) return Promise.resolve();
    const answered = takeover.request(revision);
    if (lifecycle.hasLeg) this.leg.dispatcher.stop();
    return answered;
  }

  private endOf(report: RunReport): LegEnd {
    const { lifecycle, takeover, reloader, stopping } = this;
    return {
      report,
      ran: lifecycle.state === 'ended',
      isFirst: lifecycle.isFirst,
      stopping,
      reloadable: reloader !== undefined,
      hasPending: takeover.hasPending,
    };
  }

  private end(last: RunReport): RunReport {
    const end = this.endOf(this.totals.report(last));
    this.lifecycle.transitionTo('over');
    this.reloader?.close();
    this.takeover.answer();
    return reportOfRun(end);
  }
}

function nothingStands(books: RunBooks): Standing {
  const { metrics, progress } = books;
  return {
    partitions: [],
    measured: measuredIn(books),
    committed: [],
    redelivery: [],
    activeMs: 0,
    metrics: metrics.snapshot(),
    progress: progress.progress(),
    range: progress.range(),
  };
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
