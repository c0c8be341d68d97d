import { Accounting, type AccountingSnapshot } from '../core/accounting.js';
import { Assignments } from '../core/assignments.js';
import type { PartitionId } from '../core/batch.js';
import { BlockPool } from '../core/block-pool.js';
import { DispatcherError, worstOf } from '../core/errors.js';
import { FlowControl } from '../core/flow-control.js';
import { LatencyHistogram } from '../core/latency-histogram.js';
import { Lifecycle } from '../core/lifecycle.js';
import { OffsetTracker } from '../core/offset-tracker.js';
import type { Settled, SinkEvents } from '../ports/sink.js';
import type { CommittedOffset, PartitionProgress, SourceEvents } from '../ports/source.js';
import { EndWatch } from './end-watch.js';
import type { Flight } from './flight.js';
import { Intake } from './intake.js';
import { OutputBlocks } from './output-blocks.js';
import { Rebalancer } from './rebalancer.js';
import { Releaser } from './releaser.js';
import type { RunState } from './run-state.js';
import { Limits, type DispatcherDeps, type DispatcherSettings } from './settings.js';
import { Settler } from './settler.js';
import { Stall } from './stall.js';
import { asDispatcherError, TransformRunner } from './transform-runner.js';

export interface RunReport {
  readonly state: 'stopped' | 'failed';
  /** Undefined: done, as asked. */
  readonly error: DispatcherError | undefined;
  readonly records: AccountingSnapshot & { readonly unsettled: number };
  readonly committed: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[];
  readonly redelivery: readonly { readonly topic: string; readonly partition: number; readonly from: number; readonly to: number }[];
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
  /** From the first batch read to the last one settled. */
  readonly activeMs: number;
  /** A client did not close in time; only the end of the process ends it. */
  readonly hung: boolean;
}

export interface RunStatus {
  readonly state: string;
  readonly records: AccountingSnapshot;
  readonly owned: number;
  readonly assignedOnce: boolean;
  readonly stalled: string | undefined;
  readonly inFlightRecords: number;
  readonly inFlightBytes: number;
  readonly inFlightBytesMax: number;
  readonly threadsBusy: number;
  readonly threads: number;
  /** Bounded run: records to go, at most. */
  readonly remaining: number | undefined;
  readonly lag: number | undefined;
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
}

/**
 * The control flow between source, pool and sink, at a cost per batch. Knows neither Kafka nor threads: all of it runs in the simulation too.
 * `run()` is called once; `stop()` begins the drain.
 */
export class Dispatcher {
  private readonly state: RunState;
  private readonly lifecycle = new Lifecycle();
  private readonly outputs: OutputBlocks;
  private readonly runner: TransformRunner;
  private readonly releaser: Releaser;
  private readonly stall: Stall;
  private readonly settler: Settler;
  private readonly intake: Intake;
  private readonly rebalancer: Rebalancer;
  private readonly endWatch: EndWatch;
  private readonly latency = new LatencyHistogram();
  private readonly errors: DispatcherError[] = [];
  private readonly committed = new Map<PartitionId, number>();
  private readonly progress = new Map<PartitionId, PartitionProgress>();
  private drainWaiters: (() => void)[] = [];
  private stopRequested: (() => void) | undefined;
  private readonly stopWanted: Promise<void>;
  private cutShort = false;
  private cut: (() => void) | undefined;
  private cancelTick: (() => void) | undefined;
  private nextStoreMs = 0;
  private sourceStarted = false;
  private balanced = false;
  private firstReadMs = Number.POSITIVE_INFINITY;
  private lastSettledMs = 0;

  constructor(deps: DispatcherDeps, settings: DispatcherSettings) {
    this.stopWanted = new Promise((resolve) => {
      this.stopRequested = resolve;
    });
    const blocks = new BlockPool({ blockBytes: settings.blockBytes, budgetBytes: settings.blocksBytesMax, create: deps.createBlock });
    this.state = {
      deps,
      settings,
      blocks,
      tracker: new OffsetTracker(),
      assignments: new Assignments(),
      flow: new FlowControl({ inFlightBytesMax: settings.blocksBytesMax, inFlightRecordsMax: settings.inFlightRecordsMax }),
      accounting: new Accounting(),
      flights: new Map(),
      topicNames: new Map(),
      stopping: false,
      intakePaused: false,
      isolatedBatches: 0,
      unsettledRows: 0,
      fail: (error) => this.fail(error),
      rewind: (reason) => this.rebalancer.rewind(reason),
      abandon: (flight) => this.abandon((other) => other === flight),
    };
    this.outputs = new OutputBlocks(blocks);
    this.runner = new TransformRunner(this.state, this.outputs, (flight) => this.advance(flight));
    this.releaser = new Releaser(this.state, (flight) => this.startTransform(flight));
    this.stall = new Stall(this.state, (reason, delayMs) => this.rewindLater(reason, delayMs));
    this.settler = new Settler(this.state, this.runner, this.stall);
    this.intake = new Intake(this.state, { accepted: (flight) => this.releaser.accept(flight), fault: (fault) => this.rebalancer.fault(fault) });
    this.rebalancer = new Rebalancer(this.state, this.intake, { drained: () => this.drained(), abandonAll: () => this.abandon() });
    this.rebalancer.onChange = () => this.pump();
    this.endWatch = new EndWatch(this.state, () => this.state.flights.size === 0 && this.intake.offeredCount > 0 && !this.intake.oversizeWaits && !this.state.intakePaused && !this.rebalancer.busy);
  }

  /** Runs until stopped, done or failed; never rejects. */
  async run(): Promise<RunReport> {
    this.lifecycle.transitionTo('starting');
    try {
      await this.start();
      this.lifecycle.transitionTo('running');
      this.tick();
      await this.stopWanted;
    } catch (error) {
      this.errors.push(asDispatcherError(error));
    }
    return await this.shutdown();
  }

  /** Stops intake and drains. Idempotent. */
  stop(): void {
    this.state.stopping = true;
    this.stopRequested?.();
  }

  /** Gives up draining. */
  cutNow(): void {
    this.cutShort = true;
    this.stop();
    this.cut?.();
  }

  status(): RunStatus {
    const { accounting, flow, blocks, deps, tracker } = this.state;
    let lag: number | undefined;
    for (const id of this.rebalancer.owned.keys()) {
      const end = this.progress.get(id)?.endOffset ?? -1;
      const committable = tracker.committable(id);
      if (end >= 0 && committable !== undefined) lag = (lag ?? 0) + Math.max(0, end - committable);
    }
    return {
      state: this.lifecycle.state,
      records: accounting.snapshot(),
      owned: this.rebalancer.owned.size,
      assignedOnce: this.rebalancer.assignedOnce,
      stalled: this.stall.stalled,
      inFlightRecords: flow.records,
      inFlightBytes: blocks.usedBytes,
      inFlightBytesMax: blocks.budgetBytes,
      threadsBusy: deps.pool.busy,
      threads: deps.pool.threads,
      remaining: this.state.settings.until === 'end' ? this.endWatch.remaining(new Set(this.rebalancer.owned.keys())) : undefined,
      lag,
      latency: this.latencies(),
    };
  }

  private async start(): Promise<void> {
    const { deps, settings } = this.state;
    await deps.sink.start(this.sinkEvents());
    for (const name of settings.outputTopics) this.state.topicNames.set((await deps.sink.topic(name)).number, name);
    await deps.pool.start();
    if (this.state.stopping) return;
    await deps.source.start(this.sourceEvents());
    this.sourceStarted = true;
    if (settings.until === 'end') this.endWatch.start(await deps.source.endOffsets());
    this.pump();
  }

  private sinkEvents(): SinkEvents {
    return {
      settled: (settled) => this.guard(() => this.settled(settled)),
      failed: (error) => this.fail(asDispatcherError(error)),
    };
  }

  private sourceEvents(): SourceEvents {
    return {
      batch: (batch) => this.guard(() => this.intake.batch(batch)),
      assigned: (partitions) => this.rebalancer.assigned(partitions),
      revoked: (partitions, lost) => this.rebalancer.revoked(partitions, lost),
      committed: (offsets, error) => this.commitAnswered(offsets, error),
      oversize: (bytes) => this.guard(() => this.intake.oversize(bytes)),
      progress: (partitions) => {
        for (const partition of partitions) this.progress.set(partition.partitionId, partition);
        this.endWatch.progress(partitions);
      },
      failed: (error) => this.fail(asDispatcherError(error)),
    };
  }

  /** An event's handler must not throw into the adapter: what it throws is a defect, and ends the run. */
  private guard(handle: () => void): void {
    try {
      handle();
      this.pump();
    } catch (error) {
      this.fail(asDispatcherError(error));
    }
  }

  private startTransform(flight: Flight): void {
    if (flight.started) return;
    flight.started = true;
    void this.runner.run(flight).then(() => this.advance(flight));
  }

  /** A part is ready, or the transform is done. */
  private advance(flight: Flight): void {
    this.guard(() => {
      if (flight.stopRow !== undefined && !this.state.stopping) this.holdBack(flight);
      this.releaser.pump();
      if (flight.settled) this.finish(flight);
    });
  }

  /** The run will stop at a record of this flight, once what is before it is settled: nothing read after it is written any more. */
  private holdBack(stopped: Flight): void {
    this.state.stopping = true;
    this.abandon((flight) => this.isBehind(flight, stopped));
  }

  private settled(settled: Settled): void {
    const flight = this.state.flights.get(settled.batchId);
    if (flight === undefined) throw new DispatcherError('DEFECT', `batch ${settled.batchId} was settled, but it is not in flight`);
    this.settler.partSettled(flight, settled);
    const part = flight.parts[settled.part];
    if (part !== undefined) this.outputs.giveBackPart(part, flight);
    if (flight.settled) this.finish(flight);
  }

  private finish(flight: Flight): void {
    const { flights, blocks, flow, deps } = this.state;
    if (!flights.has(flight.id)) return;
    this.releaser.pump();
    flights.delete(flight.id);
    // After a cut the books are closed; only memory is given back.
    if (!this.balanced) this.settler.finish(flight);
    for (const part of flight.parts) this.outputs.giveBackPart(part, flight);
    blocks.give(flight.input.block);
    flow.release(flight.input.packedBytes, flight.input.rowCount);
    this.lastSettledMs = deps.clock.nowMs();
    this.firstReadMs = Math.min(this.firstReadMs, flight.readAtMs);
    this.latency.record(this.lastSettledMs - flight.readAtMs, flight.input.rowCount);
    this.rebalancer.flightSettled();
    if (flights.size === 0) for (const wake of this.drainWaiters.splice(0)) wake();
    if (this.state.settings.until === 'end') this.checkEnd();
  }

  /** Results of everything in flight are of no use any more. What was handed to the writer settles by itself. */
  private abandon(from: (flight: Flight) => boolean = () => true): void {
    for (const flight of this.state.flights.values()) {
      if (!from(flight)) continue;
      flight.abandoned = true;
      for (const part of flight.parts) {
        if (part.state === 'ready') part.state = 'settled';
        part.settledAlone?.(false);
      }
      if (!flight.started) {
        flight.started = true;
        flight.transformDone = true;
        this.outputs.giveBackSpare(flight);
      }
    }
    this.releaser.pump();
    this.outputs.serveWaiters();
    for (const flight of [...this.state.flights.values()]) if (flight.settled) this.finish(flight);
  }

  private pump(): void {
    this.outputs.serveWaiters();
    if (this.intake.oversizeReady && !this.rebalancer.busy) this.rebalancer.serveOversize();
    this.intake.pump();
  }

  private tick(): void {
    const { deps, settings, flights } = this.state;
    const now = deps.clock.nowMs();
    if (now >= this.nextStoreMs) {
      this.nextStoreMs = now + settings.storeIntervalMs;
      this.storeChanged();
    }
    this.stall.tick([...flights.values()].some((flight) => flight.parts.some((part) => part.state === 'written')));
    if (settings.until === 'end') this.checkEnd();
    this.guard(() => undefined);
    if (this.lifecycle.state === 'running' || this.lifecycle.state === 'draining') this.cancelTick = deps.clock.after(Limits.tickMs, () => this.tick());
  }

  private storeChanged(): void {
    const changed = this.state.tracker.takeChanged();
    if (changed.length > 0) this.state.deps.source.store(changed);
  }

  private checkEnd(): void {
    if (this.state.stopping) return;
    this.endWatch.check(new Set(this.rebalancer.owned.keys()));
    if (this.endWatch.done && !this.rebalancer.busy) this.stop();
  }

  private commitAnswered(offsets: readonly CommittedOffset[], error: Error | undefined): void {
    if (error !== undefined) {
      this.state.deps.logger.warn('a commit was refused; what it covered is committed with the next one', { error: error.message });
      return;
    }
    for (const { partitionId, offset } of offsets) this.committed.set(partitionId, offset);
  }

  private rewindLater(reason: string, delayMs: number): void {
    this.state.intakePaused = true;
    for (const flight of this.state.flights.values()) flight.rewound = true;
    this.abandon();
    this.state.deps.clock.after(delayMs, () => {
      this.state.intakePaused = false;
      this.state.rewind(reason);
    });
  }

  private fail(error: DispatcherError): void {
    if (this.errors.some((known) => known.code === error.code)) return;
    this.errors.push(error);
    this.state.deps.logger.error(error.message, { code: error.code, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) });
    this.stop();
  }

  private drained(): Promise<void> {
    if (this.state.flights.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.drainWaiters.push(resolve));
  }

  private async shutdown(): Promise<RunReport> {
    const { deps, settings } = this.state;
    this.state.stopping = true;
    if (this.lifecycle.canTransitionTo('draining')) this.lifecycle.transitionTo('draining');
    const deadlineMs = deps.clock.nowMs() + settings.drainTimeoutMs;
    const cut = new Promise<void>((resolve) => {
      this.cut = resolve;
    });
    if (this.cutShort) this.cut?.();
    const cancelDeadline = deps.clock.after(settings.drainTimeoutMs, () => this.cut?.());
    deps.pool.signalStop();
    await Promise.race([this.drainInOrder(), cut]);
    cancelDeadline();
    this.rebalancer.end();
    if (this.state.flights.size > 0) this.cutDrain();
    const remainingMs = Math.max(Limits.closeTimeoutMs, deadlineMs - deps.clock.nowMs());
    const { redelivery, unsettled } = this.balance();
    if (redelivery.length > 0 && this.errors.length === 0) this.errors.push(drainCut('records that were to be read again'));
    this.storeChanged();
    const hung = !(await this.closeAll(remainingMs));
    this.cancelTick?.();
    return this.report(redelivery, unsettled, hung);
  }

  /** Records behind one that stops the run are not written: its partition's offset can't pass it, so they would only come twice. */
  private async drainInOrder(): Promise<void> {
    const stopped = [...this.state.flights.values()].find((flight) => flight.stopRow !== undefined);
    if (stopped !== undefined || this.errors.length > 0) this.abandon((flight) => !flight.started || this.isBehind(flight, stopped));
    await this.rebalancer.idle();
    // A cut may have closed everything meanwhile.
    if (this.sourceStarted && !this.balanced) {
      await this.state.deps.source.park();
      if (!this.balanced) this.intake.takeBackOffered();
    }
    await this.drained();
  }

  private isBehind(flight: Flight, stopped: Flight | undefined): boolean {
    return stopped !== undefined && flight.id > stopped.id && flight.parts.every((part) => part.state === 'ready');
  }

  private cutDrain(): void {
    this.errors.push(drainCut(`${this.state.flow.records} records in flight`));
    this.state.deps.sink.purge();
    this.abandon();
  }

  /** Rows that were read and are not settled, and the offsets that the next owner may see again. */
  private balance(): { redelivery: RunReport['redelivery']; unsettled: number } {
    const { tracker, flights, deps } = this.state;
    let unsettled = this.state.unsettledRows;
    this.balanced = true;
    for (const flight of flights.values()) {
      for (const segment of flight.input.segments) {
        if (tracker.isOpen(segment.partitionId, segment.epoch)) unsettled += segment.rowCount;
        else this.state.accounting.handedOver(segment.rowCount);
      }
    }
    const redelivery = [...this.rebalancer.owned.keys()].flatMap((id) => {
      const range = tracker.redelivery(id);
      return range === undefined ? [] : [{ ...deps.describe(id), ...range }];
    });
    return { redelivery, unsettled };
  }

  /** False when a client hung past its deadline. */
  private async closeAll(deadlineMs: number): Promise<boolean> {
    const { source, sink, pool, logger } = this.state.deps;
    let closed = true;
    for (const [name, close] of [
      ['consumer', () => source.stop(deadlineMs)],
      ['producer', () => sink.close(deadlineMs)],
      ['pool', () => pool.close(deadlineMs)],
    ] as const) {
      try {
        await close();
      } catch (error) {
        closed = false;
        logger.warn(`the ${name} did not close in order`, { error: error instanceof Error ? error.message : String(error) });
      }
    }
    return closed;
  }

  private report(redelivery: RunReport['redelivery'], unsettled: number, hung: boolean): RunReport {
    const { accounting, deps } = this.state;
    const imbalance = accounting.check(unsettled);
    if (imbalance !== undefined) this.errors.push(imbalance);
    const error = worstOf(this.errors);
    const state = error === undefined ? 'stopped' : 'failed';
    this.lifecycle.transitionTo(state);
    return {
      state,
      error,
      records: { ...accounting.snapshot(), unsettled },
      committed: [...this.committed].map(([id, offset]) => ({ ...deps.describe(id), offset })),
      redelivery,
      latency: this.latencies(),
      activeMs: Math.max(0, this.lastSettledMs - this.firstReadMs),
      hung,
    };
  }

  private latencies(): { p50Ms: number; p99Ms: number } {
    return { p50Ms: this.latency.percentile(0.5), p99Ms: this.latency.percentile(0.99) };
  }
}

function drainCut(what: string): DispatcherError {
  return new DispatcherError('DRAIN_CUT', `stopped before all was drained: ${what} may come twice`, { remedy: 'raise dispatcher.drain-timeout, or see why deliveries are slow' });
}
