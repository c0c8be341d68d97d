import type { DispatcherError } from '../core/errors.js';
import { asDispatcherError } from './as-dispatcher-error.js';
import { Shutdown } from './ending/shutdown.js';
import { groupEvents, sinkEvents, sourceEvents } from './events.js';
import type { RunReport, RunStatus, Standing } from './report.js';
import { makeRunState, type RunState } from './run-state.js';
import { type DispatcherDeps, type DispatcherSettings, Limits } from './settings.js';
import { makeSignals } from './signals.js';
import { standingOf, statusOf } from './status.js';
import { type RecordPlace, type RecordTrace, traceOf } from './trace.js';
import { type Parts, wire } from './wiring.js';

export type { RunReport, RunStatus } from './report.js';

/**
 * The control flow between source, pool and sink; its cost is per batch. Independent of Kafka and threads, so
 * all of it runs in the simulation too. `run()` is called once; `stop()` begins the drain.
 */
export class Dispatcher {
  private readonly state: RunState;
  private readonly parts: Parts;
  private readonly shutdown: Shutdown;
  private readonly signals = makeSignals();
  private cancelTick: () => void = () => undefined;
  private cancelStartDeadline: () => void = () => undefined;
  private nextStoreMs = 0;
  /** The time of the stop request: the deadlines of the drain and of the closing count from here. */
  private stopMs = Number.POSITIVE_INFINITY;
  private sourceStarted = false;
  private endReached = false;
  private isAtEnd = false;

  constructor(deps: DispatcherDeps, settings: DispatcherSettings) {
    this.state = makeRunState(deps, settings, {
      fail: (error) => this.fail(error),
      guard: (handle) => this.guard(handle),
      rewind: (reason, delayMs) => this.parts.rebalancer.rewind(reason, delayMs),
      stopWanted: this.signals.stopWanted,
    });
    this.parts = wire(this.state);
    const { batchFlow, intake, changes } = this.parts;
    this.shutdown = new Shutdown(
      this.state,
      { batchFlow, intake, changes, storeChanged: () => this.storeChanged() },
      this.signals.cutWanted,
    );
  }

  /** Runs until stopped, done or failed; never rejects. */
  async run(): Promise<RunReport> {
    const { state, signals, parts } = this;
    const { lifecycle, deps } = state;
    try {
      // After a stop before the start: connect to nothing.
      if (!lifecycle.isStopping()) await this.startUnlessCut();
      if (!lifecycle.isStopping()) {
        lifecycle.transitionTo('running');
        deps.running?.();
        this.tick();
        await signals.stopWanted;
      }
    } catch (error) {
      // A start that was to be given up in any case: nothing was read.
      if (lifecycle.isStopping() && !this.sourceStarted && state.errors.length === 0)
        deps.logger.warn('the start failed after the stop was requested', {
          error: asDispatcherError(error).message,
        });
      else this.fail(asDispatcherError(error));
    }
    this.cancelStartDeadline();
    lifecycle.stop();
    parts.rebalancer.cancelRewinds();
    parts.readFaults.cancel();
    const ended = await this.shutdown.run(this.sourceStarted, this.stopMs + state.settings.drainTimeoutMs);
    this.cancelTick();
    const report = this.shutdown.report({
      ...ended,
      endReached: this.endReached,
      ends: parts.endWatch.ends,
      openTransactions: parts.transactionWatch.hanging,
    });
    lifecycle.transitionTo(report.state);
    return report;
  }

  /** Stops intake and drains. Idempotent. */
  stop(): void {
    const { lifecycle, deps, settings } = this.state;
    this.stopMs = Math.min(this.stopMs, deps.clock.nowMs());
    // A loading transform is not waited for; clients that hang are given up after the drain timeout.
    if (lifecycle.state === 'starting')
      this.cancelStartDeadline = deps.clock.after(settings.drainTimeoutMs, () => this.cutNow());
    lifecycle.stop();
    this.signals.stop();
  }

  /** Gives up draining. */
  cutNow(): void {
    this.stop();
    this.signals.cut();
  }

  status(): RunStatus {
    return statusOf(this.state, this.parts);
  }

  standing(): Standing {
    return standingOf(this.state, this.parts);
  }

  trace(place: RecordPlace): RecordTrace {
    return traceOf(this.state, place);
  }

  private async startUnlessCut(): Promise<void> {
    this.state.lifecycle.transitionTo('starting');
    const starting = this.start();
    // Errors of a start that was given up are ignored.
    starting.catch(() => undefined);
    await Promise.race([starting, this.signals.cutWanted]);
  }

  private async start(): Promise<void> {
    const { state, parts } = this;
    const { deps, settings, topicNames, lifecycle } = state;
    await deps.sink.start(sinkEvents(state, parts));
    for (const name of settings.outputTopics) topicNames.set((await deps.sink.topic(name)).number, name);
    if (lifecycle.isStopping()) return;
    await Promise.race([deps.pool.start(), this.signals.stopWanted]);
    if (lifecycle.isStopping()) return;
    deps.group?.listen(groupEvents(state, parts));
    deps.commits.listen(parts.confirmed);
    await deps.source.start(sourceEvents(state, parts));
    this.sourceStarted = true;
    if (settings.until === 'end') {
      parts.endWatch.start(settings.readsOnlyEnds === true ? [] : await deps.source.endOffsets());
      parts.endCheck.limitOpen();
    }
    const { ends } = parts.endWatch;
    if (ends !== undefined) deps.receipts?.bounded(ends, settings.readsOnlyEnds === true);
    this.pump();
  }

  private guard(handle: () => void): void {
    try {
      handle();
      this.pump();
    } catch (error) {
      this.fail(asDispatcherError(error));
    }
  }

  /** Does everything that an event has made possible. */
  private pump(): void {
    // With records in flight it is left to the tick, because it looks at every partition.
    if (this.state.inFlight.size === 0) this.checkEnd();
    this.parts.outputs.serveWaiters();
    if (!this.isAtEnd) this.parts.intake.pump();
  }

  /** Four times a second, until the run is over. */
  private tick(): void {
    const { deps, settings, inFlight, lifecycle, partitions } = this.state;
    const { stall, connectionTrouble, leaderWatch, assignmentWatch, rebalancer } = this.parts;
    if (lifecycle.isOver()) return;
    this.cancelTick = deps.clock.after(Limits.tickMs, () => this.tick());
    this.guard(() => {
      const now = deps.clock.nowMs();
      if (now >= this.nextStoreMs) {
        this.nextStoreMs = now + settings.storeIntervalMs;
        this.storeChanged();
      }
      stall.tick(
        [...inFlight.values()].some((batch) => batch.parts.some((part) => part.state === 'written')),
      );
      connectionTrouble.tick();
      leaderWatch.tick();
      assignmentWatch.tick({
        owned: partitions.ownedCount,
        membership: rebalancer.membership.state,
        trouble: connectionTrouble.stalled,
      });
      this.checkEnd();
    });
  }

  /** Hands settled offsets over, for the next commit. */
  private storeChanged(): void {
    if (this.state.lifecycle.isOver()) return;
    this.parts.runProgress.look();
    try {
      const changed = this.state.partitions.takeChanged();
      if (changed.length > 0) this.parts.rebalancer.store(changed);
    } catch (error) {
      this.fail(asDispatcherError(error));
    }
  }

  private checkEnd(): void {
    const { settings, lifecycle } = this.state;
    const { endWatch, endCheck, changes } = this.parts;
    if (settings.until !== 'end' || lifecycle.isStopping()) return;
    endWatch.check();
    // Nothing more is read while the brokers are asked whether these are still the ends.
    this.isAtEnd = endWatch.done;
    if (!endWatch.done) endCheck.tick();
    if (!endWatch.done || changes.busy || !endCheck.confirms()) return;
    this.endReached = true;
    this.state.progress.complete();
    this.stop();
  }

  private fail(error: DispatcherError): void {
    const { lifecycle, deps, errors } = this.state;
    if (lifecycle.isOver()) {
      deps.logger.debug('while closing', { code: error.code, error: error.message });
      return;
    }
    if (errors.some((known) => known.code === error.code)) return;
    errors.push(error);
    deps.logger.error(error.message, {
      code: error.code,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    });
    this.stop();
  }
}
