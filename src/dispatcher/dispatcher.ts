import type { DispatcherError } from '../core/errors.js';
import { Lifecycle } from '../core/lifecycle.js';
import type { SinkEvents } from '../ports/sink.js';
import type { SourceEvents } from '../ports/source.js';
import { asDispatcherError } from './as-dispatcher-error.js';
import { BatchFlow } from './batch-flow.js';
import { ConnectionTrouble } from './ending/connection-trouble.js';
import { EndWatch } from './ending/end-watch.js';
import { Shutdown } from './ending/shutdown.js';
import { Intake } from './intake/intake.js';
import { ReadFaults } from './intake/read-faults.js';
import { Releaser } from './ordering/releaser.js';
import { AssignmentWatch } from './partitions/assignment-watch.js';
import { ChangeQueue } from './partitions/change-queue.js';
import { Rebalancer } from './partitions/rebalancer.js';
import { TailWatch } from './partitions/tail-watch.js';
import { TransactionWatch } from './partitions/transaction-watch.js';
import { committedOf, type RunReport, type RunStatus, type Standing } from './report.js';
import { makeRunState, type RunState } from './run-state.js';
import { type DispatcherDeps, type DispatcherSettings, Limits } from './settings.js';
import { ConfirmedOffsets } from './settlement/confirmed-offsets.js';
import { Refusals } from './settlement/refusals.js';
import { Settler } from './settlement/settler.js';
import { Stall } from './settlement/stall.js';
import { makeSignals } from './signals.js';
import { DeadLetterRows } from './transform/dead-letter-rows.js';
import { OutputBlocks } from './transform/output-blocks.js';
import { TransformRunner } from './transform/transform-runner.js';

export type { RunReport, RunStatus } from './report.js';

/**
 * The control flow between source, pool and sink; its cost is per batch. Independent of Kafka and threads, so
 * all of it runs in the simulation too. `run()` is called once; `stop()` begins the drain.
 */
export class Dispatcher {
  private readonly state: RunState;
  private readonly lifecycle = new Lifecycle();
  private readonly outputs: OutputBlocks;
  private readonly batchFlow: BatchFlow;
  private readonly stall: Stall;
  private readonly intake: Intake;
  private readonly changes: ChangeQueue;
  private readonly rebalancer: Rebalancer;
  private readonly readFaults: ReadFaults;
  private readonly endWatch: EndWatch;
  private readonly tailWatch: TailWatch;
  private readonly transactionWatch: TransactionWatch;
  private readonly assignmentWatch: AssignmentWatch;
  private readonly connectionTrouble: ConnectionTrouble;
  private readonly shutdown: Shutdown;
  private readonly errors: DispatcherError[] = [];
  private readonly confirmed: ConfirmedOffsets;
  private readonly signals = makeSignals();
  private cancelTick: () => void = () => undefined;
  private cancelStartDeadline: () => void = () => undefined;
  private nextStoreMs = 0;
  /** When the stop was requested: the deadlines of the drain and the closing count from here. */
  private stopMs = Number.POSITIVE_INFINITY;
  private sourceStarted = false;
  private endReached = false;

  constructor(deps: DispatcherDeps, settings: DispatcherSettings) {
    const state = makeRunState(deps, settings, {
      fail: (error) => this.fail(error),
      stopWanted: this.signals.stopWanted,
    });
    this.state = state;
    this.outputs = new OutputBlocks(state.blocks);
    const deadLetterRows = new DeadLetterRows(state, this.outputs);
    const runner = new TransformRunner(state, this.outputs, deadLetterRows);
    const releaser = new Releaser(state);
    this.stall = new Stall(state, (reason, delayMs) => this.rebalancer.rewind(reason, delayMs));
    const { stall } = this;
    const refusals = new Refusals(state, { stall, rewind: (reason) => this.rebalancer.rewind(reason) });
    const settler = new Settler(state, { stall, refusals });
    const guard = (handle: () => void): void => this.guard(handle);
    this.batchFlow = new BatchFlow(state, {
      outputs: this.outputs,
      runner,
      deadLetterRows,
      releaser,
      settler,
      guard,
      finished: () => this.batchFinished(),
    });
    this.changes = new ChangeQueue(state, () => this.pump());
    this.intake = new Intake(state, {
      accepted: (batch) => this.batchFlow.accept(batch),
      fault: (fault) => {
        this.tailWatch.distrust(fault.partitionId);
        this.readFaults.fault(fault);
      },
    });
    this.endWatch = new EndWatch(state);
    this.tailWatch = new TailWatch(state, this.changes, () => this.intake.offeredCount);
    this.assignmentWatch = new AssignmentWatch(state);
    this.transactionWatch = new TransactionWatch(state);
    this.connectionTrouble = new ConnectionTrouble(state);
    this.rebalancer = new Rebalancer(state, {
      changes: this.changes,
      batchFlow: this.batchFlow,
      endWatch: this.endWatch,
      events: {
        rewinding: () => this.intake.takeBackOffered(),
        rewound: () => this.guard(() => undefined),
      },
    });
    this.readFaults = new ReadFaults(state, {
      changes: this.changes,
      batchFlow: this.batchFlow,
      rebalancer: this.rebalancer,
    });
    const { batchFlow, intake, changes, errors } = this;
    this.confirmed = new ConfirmedOffsets(state, () => errors.length > 0);
    this.shutdown = new Shutdown(
      state,
      { batchFlow, intake, changes, errors, storeChanged: () => this.storeChanged() },
      this.signals.cutWanted,
    );
  }

  /** Runs until stopped, done or failed; never rejects. */
  async run(): Promise<RunReport> {
    const { state, signals } = this;
    this.lifecycle.transitionTo('starting');
    try {
      // A stop before the start: connect to nothing.
      const starting = state.stopping ? Promise.resolve() : this.start();
      // Errors of a start that was given up are ignored.
      starting.catch(() => undefined);
      await Promise.race([starting, signals.cutWanted]);
      if (!isStopping(state)) {
        this.lifecycle.transitionTo('running');
        state.deps.running?.();
        this.tick();
        await signals.stopWanted;
      }
    } catch (error) {
      // A start that was to be given up in any case: nothing was read.
      if (isStopping(state) && !this.sourceStarted && this.errors.length === 0)
        state.deps.logger.warn('the start failed after the stop was requested', {
          error: asDispatcherError(error).message,
        });
      else this.fail(asDispatcherError(error));
    }
    this.cancelStartDeadline();
    state.stopping = true;
    this.rebalancer.cancelRewinds();
    this.readFaults.cancel();
    this.lifecycle.transitionTo('draining');
    const ended = await this.shutdown.run(this.sourceStarted, this.stopMs + state.settings.drainTimeoutMs);
    this.cancelTick();
    const { endReached, endWatch } = this;
    const openTransactions = this.transactionWatch.hanging;
    const report = this.shutdown.report({ ...ended, endReached, ends: endWatch.ends, openTransactions });
    this.lifecycle.transitionTo(report.state);
    return report;
  }

  /** Stops intake and drains. Idempotent. */
  stop(): void {
    const { state } = this;
    this.stopMs = Math.min(this.stopMs, state.deps.clock.nowMs());
    // A loading transform is not waited for; clients that hang are given up after the drain timeout.
    if (!state.stopping && this.lifecycle.state === 'starting')
      this.cancelStartDeadline = state.deps.clock.after(state.settings.drainTimeoutMs, () => this.cutNow());
    state.stopping = true;
    this.signals.stop();
  }

  /** Gives up draining. */
  cutNow(): void {
    this.stop();
    this.signals.cut();
  }

  status(): RunStatus {
    const { accounting, flow, blocks, deps, settings, partitions } = this.state;
    const { membership } = this.rebalancer;
    return {
      state: this.lifecycle.state,
      records: accounting.snapshot(),
      owned: partitions.ownedCount,
      membership: membership.state,
      stalled: this.stall.stalled ?? this.connectionTrouble.stalled ?? deps.pool.trouble,
      inFlightRecords: flow.records,
      inFlightBytes: blocks.usedBytes,
      inFlightBytesMax: blocks.budgetBytes,
      threadsBusy: deps.pool.busy,
      threads: deps.pool.threads,
      remaining: settings.until === 'end' ? this.endWatch.remaining : undefined,
      lag: this.lag(),
      openTransactions: this.transactionWatch.hanging,
      latency: this.batchFlow.latencies(),
    };
  }

  standing(): Standing {
    const { deps, partitions } = this.state;
    return {
      committed: committedOf(partitions),
      redelivery: partitions
        .uncommitted()
        .map(({ partitionId, from, to }) => ({ ...deps.describe(partitionId), from, to })),
      activeMs: this.batchFlow.activeMs,
      metrics: this.state.metrics.snapshot(),
    };
  }

  private lag(): number | undefined {
    let lag: number | undefined;
    for (const { ours } of this.state.partitions.owned) {
      const { endOffset = -1, highOffset = -1 } = ours.progress ?? {};
      // Up to the high watermark: records behind an open transaction are still to be read.
      const end = Math.max(endOffset, highOffset);
      const committable = ours.reading?.offsets.committable;
      if (end >= 0 && committable !== undefined) lag = (lag ?? 0) + Math.max(0, end - committable);
    }
    return lag;
  }

  private async start(): Promise<void> {
    const { deps, settings, topicNames } = this.state;
    await deps.sink.start(this.sinkEvents());
    for (const name of settings.outputTopics) topicNames.set((await deps.sink.topic(name)).number, name);
    if (this.state.stopping) return;
    await Promise.race([deps.pool.start(), this.signals.stopWanted]);
    if (isStopping(this.state)) return;
    deps.group?.listen({
      revoked: (partitions, lost) => this.guard(() => this.rebalancer.revoked(partitions, lost)),
      spare: () => this.guard(() => this.rebalancer.spare()),
    });
    deps.commits.listen(this.confirmed);
    await deps.source.start(this.sourceEvents());
    this.sourceStarted = true;
    if (settings.until === 'end') this.endWatch.start(await deps.source.endOffsets(), settings.ends);
    this.pump();
  }

  private sinkEvents(): SinkEvents {
    return {
      settled: (settled) => this.guard(() => this.batchFlow.settled(settled)),
      failed: (error) => this.fail(asDispatcherError(error)),
    };
  }

  private sourceEvents(): SourceEvents {
    return {
      batch: (batch) => this.guard(() => this.intake.batch(batch)),
      assigned: (partitions) => this.guard(() => this.rebalancer.assigned(partitions)),
      replaced: (partitions) => this.guard(() => this.readFaults.replaced(partitions)),
      oversize: (bytes) => this.guard(() => this.intake.oversize(bytes)),
      progress: (partitions) => {
        for (const progress of partitions) this.state.partitions.progress(progress);
        this.guard(() => {
          this.transactionWatch.progress(partitions);
          this.tailWatch.progress(partitions);
        });
      },
      failed: (error) => this.fail(asDispatcherError(error)),
    };
  }

  /** An event handler must not throw into the adapter: an exception is a defect, and ends the run. */
  private guard(handle: () => void): void {
    try {
      handle();
      this.pump();
    } catch (error) {
      this.fail(asDispatcherError(error));
    }
  }

  private pump(): void {
    this.outputs.serveWaiters();
    if (this.intake.oversizeReady && !this.changes.busy)
      this.changes.enqueue(() => this.changes.parked(() => this.intake.serveOversize()));
    this.intake.pump();
  }

  /** Four times a second, until the run is over. */
  private tick(): void {
    const { deps, settings, inFlight } = this.state;
    if (this.state.over) return;
    this.cancelTick = deps.clock.after(Limits.tickMs, () => this.tick());
    this.guard(() => {
      const now = deps.clock.nowMs();
      if (now >= this.nextStoreMs) {
        this.nextStoreMs = now + settings.storeIntervalMs;
        this.storeChanged();
      }
      this.stall.tick(
        [...inFlight.values()].some((batch) => batch.parts.some((part) => part.state === 'written')),
      );
      this.connectionTrouble.tick();
      this.assignmentWatch.tick({
        owned: this.state.partitions.ownedCount,
        membership: this.rebalancer.membership.state,
        trouble: this.connectionTrouble.stalled,
      });
      this.checkEnd();
    });
  }

  /** Passes settled offsets to the source, for its next commit. */
  private storeChanged(): void {
    if (this.state.over) return;
    try {
      const changed = this.state.partitions.takeChanged();
      if (changed.length > 0) this.rebalancer.store(changed);
    } catch (error) {
      this.fail(asDispatcherError(error));
    }
  }

  /** Called when nothing is left in flight, else on the tick, because it looks at every partition. */
  private batchFinished(): void {
    if (this.state.inFlight.size === 0) this.checkEnd();
  }

  private checkEnd(): void {
    if (this.state.settings.until !== 'end' || this.state.stopping) return;
    this.endWatch.check();
    if (!this.endWatch.done || this.changes.busy) return;
    this.endReached = true;
    this.stop();
  }

  private fail(error: DispatcherError): void {
    if (this.state.over) {
      this.state.deps.logger.debug('while closing', { code: error.code, error: error.message });
      return;
    }
    if (this.errors.some((known) => known.code === error.code)) return;
    this.errors.push(error);
    this.state.deps.logger.error(error.message, {
      code: error.code,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    });
    this.stop();
  }
}

/** A function, because after an await the compiler would still assume the earlier value. */
function isStopping(state: RunState): boolean {
  return state.stopping;
}
