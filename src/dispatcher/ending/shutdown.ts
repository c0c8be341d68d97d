import { DispatcherError, type ErrorCode, worstOf } from '../../core/errors.js';
import { type BatchFlow, isUnwritten } from '../batch-flow.js';
import type { Intake } from '../intake/intake.js';
import type { ChangeQueue } from '../partitions/change-queue.js';
import { committedOf, type RunReport } from '../report.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

export interface ShutdownParts {
  readonly batchFlow: BatchFlow;
  readonly intake: Intake;
  readonly changes: ChangeQueue;
  /** Passes settled offsets to the source, for its last commit. */
  readonly storeChanged: () => void;
}

interface Balance {
  readonly redelivery: RunReport['redelivery'];
  readonly unsettled: number;
}

/**
 * After these errors everything read before the fault is still settled; after others, batches that have not
 * begun are left to the next run.
 */
const SETTLES_ALL: ReadonlySet<ErrorCode> = new Set([
  'CORRUPT_INPUT',
  'RECORD_REJECTED',
  'DEAD_LETTER_REFUSED',
  'OFFSET_OUT_OF_RANGE',
  'NO_COMMITTED_OFFSET',
]);

/** The end of a run: stop reading, drain, store and commit, leave; within a deadline. */
export class Shutdown {
  private readonly state: RunState;
  private readonly parts: ShutdownParts;
  private readonly cutWanted: Promise<void>;

  /** `cutWanted`: resolves when draining must be given up. */
  constructor(state: RunState, parts: ShutdownParts, cutWanted: Promise<void>) {
    this.state = state;
    this.parts = parts;
    this.cutWanted = cutWanted;
  }

  /** `sourceStarted`: there is a reader to park. `deadlineMs`: when draining is given up. */
  async run(
    sourceStarted: boolean,
    deadlineMs: number,
  ): Promise<Pick<RunReport, 'redelivery' | 'hung'> & { readonly unsettled: number }> {
    const { clock } = this.state.deps;
    let cancelDeadline: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancelDeadline = clock.after(Math.max(0, deadlineMs - clock.nowMs()), resolve);
    });
    const isCut = this.cutWanted.then(() => true as const);
    const cutBySignal = await Promise.race([this.drain(sourceStarted), late, isCut]);
    cancelDeadline();
    const cutRecords = this.state.flow.records;
    if (cutRecords > 0) this.giveUp();
    this.parts.storeChanged();
    const balance = this.balance();
    this.complain(balance, cutRecords, cutBySignal === true);
    this.state.lifecycle.transitionTo('closing');
    const hung = !(await this.closeAll(deadlineMs, cutRecords > 0));
    return { ...balance, redelivery: this.withUnconfirmed(balance.redelivery), hung };
  }

  /** The result of the run, once everything is closed. */
  report(ended: {
    readonly redelivery: RunReport['redelivery'];
    readonly hung: boolean;
    readonly unsettled: number;
    readonly endReached: boolean;
    readonly ends: RunReport['ends'];
    readonly openTransactions: RunReport['openTransactions'];
  }): RunReport {
    const { accounting, partitions } = this.state;
    const { batchFlow } = this.parts;
    const { errors } = this.state;
    const imbalance = accounting.check(ended.unsettled);
    if (imbalance !== undefined) errors.push(imbalance);
    const error = worstOf(errors);
    return {
      // A drain that was cut is a regular stop that reports what may come twice.
      state: error === undefined || error.code === 'DRAIN_CUT' ? 'stopped' : 'failed',
      error,
      endReached: ended.endReached,
      records: { ...accounting.snapshot(), unsettled: ended.unsettled },
      committed: committedOf(partitions),
      redelivery: ended.redelivery,
      latency: batchFlow.latencies(),
      activeMs: batchFlow.activeMs,
      metrics: this.state.metrics.snapshot(),
      progress: this.state.progress.progress(),
      range: this.state.progress.range(),
      hung: ended.hung,
      ends: ended.ends,
      openTransactions: ended.openTransactions,
    };
  }

  /**
   * Drains what is in flight. Records after one that stops the run are not written: the committed offset of
   * its partition can't pass that record, so they would come twice.
   */
  private async drain(sourceStarted: boolean): Promise<void> {
    const { batchFlow, changes, intake } = this.parts;
    const { errors } = this.state;
    const stopped = [...this.state.inFlight.values()].find((batch) => batch.stopRow !== undefined);
    const leavesUnbegun = errors.some(({ code }) => !SETTLES_ALL.has(code));
    // Batches that are not written yet would bring more dead letters.
    const leavesUnwritten = errors.some(({ code }) => code === 'TOO_MANY_DEAD_LETTERS');
    if (stopped !== undefined) batchFlow.holdBack(stopped);
    batchFlow.abandon(
      (batch) => (leavesUnbegun && !batch.started) || (leavesUnwritten && isUnwritten(batch)),
    );
    if (sourceStarted) await changes.parkForGood(() => intake.takeBackOffered());
    await batchFlow.drained();
  }

  private giveUp(): void {
    // Before anything else, so that later failures are not blamed on a destination.
    this.parts.batchFlow.abandon();
    // Only now: a transform that respects the signal throws, and its record would be rejected although
    // nothing is wrong with it.
    this.state.deps.pool.signalStop();
    try {
      this.state.deps.sink.purge();
    } catch (error) {
      this.state.deps.logger.warn('what the producer holds could not be given up', {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Records that were read and not settled, and the offsets that the next owner may read again. */
  private balance(): Balance {
    const { partitions, inFlight, accounting } = this.state;
    let unsettled = this.state.unsettledRows;
    for (const batch of inFlight.values()) {
      for (const segment of batch.input.segments) {
        if (partitions.isOpen(segment.partitionId, segment.epoch)) unsettled += segment.rowCount;
        else accounting.handedOver(segment.rowCount);
      }
    }
    const redelivery = partitions.owned.flatMap(({ topic, partition, ours }) => {
      const range = ours.reading?.offsets.redelivery;
      return range === undefined ? [] : [{ topic, partition, ...range }];
    });
    return { redelivery, unsettled };
  }

  /**
   * The last commit is made while leaving: if the broker refused it or did not answer, settled records come
   * again too.
   */
  private withUnconfirmed(redelivery: RunReport['redelivery']): RunReport['redelivery'] {
    const { errors } = this.state;
    const ranges = new Map(redelivery.map((range) => [`${range.topic}/${range.partition}`, range]));
    const unconfirmed = this.state.partitions.unconfirmed();
    for (const { partitionId, from, to } of unconfirmed) {
      const { topic, partition } = this.state.deps.describe(partitionId);
      const key = `${topic}/${partition}`;
      const known = ranges.get(key);
      ranges.set(key, { topic, partition, from, to: Math.max(to, known?.to ?? 0) });
    }
    if (unconfirmed.length > 0 && errors.length === 0) {
      errors.push(
        new DispatcherError(
          'DRAIN_CUT',
          `all records were settled, but the last commit of ${unconfirmed.length} partitions was ` +
            'not confirmed: these records may come twice',
          {
            remedy:
              'see the warnings before this one; a rebalancing group or an unreachable broker ' +
              'refuses commits',
          },
        ),
      );
    }
    return [...ranges.values()];
  }

  /**
   * A drain that was cut, or that could not settle everything (records of a pending rewind), is the run's
   * error unless there is another.
   */
  private complain({ redelivery, unsettled }: Balance, cutRecords: number, bySignal: boolean): void {
    const { errors } = this.state;
    if (cutRecords === 0 && (errors.length > 0 || (redelivery.length === 0 && unsettled === 0))) return;
    const records = cutRecords > 0 ? `${cutRecords} records in flight` : 'some records';
    errors.push(
      bySignal
        ? new DispatcherError(
            'DRAIN_CUT',
            `a second signal stopped the run before all was drained: ${records} may come twice`,
            {
              remedy:
                'nothing is lost, the next start reads these records again; one signal alone drains first',
            },
          )
        : new DispatcherError('DRAIN_CUT', `stopped before all was drained: ${records} may come twice`, {
            remedy: 'raise dispatcher.drain-timeout, or see why deliveries are slow',
          }),
    );
  }

  /**
   * False when a client hung past its deadline. All are closed at the same time, so that together they take
   * no longer than one; each gets a little time even when it is late. Tasks of a drain that was cut settle
   * nothing any more; they only get time to respect the signal.
   */
  private async closeAll(deadlineMs: number, isCut: boolean): Promise<boolean> {
    const { source, sink, pool, clock } = this.state.deps;
    const limitMs = isCut
      ? Limits.closeTimeoutMs
      : Math.max(Limits.closeTimeoutMs, deadlineMs - clock.nowMs());
    const closed = await Promise.all([
      this.isClosed('consumer', () => source.stop(limitMs), limitMs),
      this.isClosed('producer', () => sink.close(limitMs), limitMs),
      this.isClosed('pool', () => pool.close(isCut ? Limits.cutTasksMs : limitMs), limitMs),
    ]);
    return !closed.includes(false);
  }

  private async isClosed(name: string, close: () => Promise<void>, limitMs: number): Promise<boolean> {
    const { logger } = this.state.deps;
    try {
      await this.inTime(close(), limitMs);
      return true;
    } catch (error) {
      logger.warn(`the ${name} did not close in order`, {
        error: error instanceof Error ? error.message : String(error),
      });
      return false;
    }
  }

  /** Rejects after `limitMs`, or shortly after a cut that is requested in the meantime. */
  private async inTime(closing: Promise<void>, limitMs: number): Promise<void> {
    const { clock } = this.state.deps;
    const cancels: (() => void)[] = [];
    let isOver = false;
    const late = new Promise<never>((_resolve, reject) => {
      const end = (afterMs: number, since: string): void => {
        if (!isOver)
          cancels.push(clock.after(afterMs, () => reject(new Error(`not within ${afterMs} ms${since}`))));
      };
      end(limitMs + Limits.closeSlackMs, '');
      void this.cutWanted.then(() => end(Limits.closeTimeoutMs, ' of the second signal'));
    });
    try {
      await Promise.race([closing, late]);
    } finally {
      isOver = true;
      for (const cancel of cancels) cancel();
    }
  }
}
