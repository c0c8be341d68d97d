import { DispatcherError } from '../../core/errors.js';
import type { DeliveryFailure, OutputTopic } from '../../ports/sink.js';
import {
  NOTHING_ANSWERED,
  type Rejection,
  type TransformResult,
  type WorkerDeath,
} from '../../ports/transform-pool.js';
import { asDispatcherError } from '../as-dispatcher-error.js';
import { describeOutputRow, type InFlightBatch, type Part, stopAt } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { NamedRecord } from '../settlement/named-records.js';
import { refusalOf } from '../settlement/refusal-of.js';
import { addParts } from './add-parts.js';
import type { DeadLetterRows } from './dead-letter-rows.js';
import type { OutputBlocks } from './output-blocks.js';
import { OutputTopics } from './output-topics.js';
import { cutAroundSuspects, firstRejected, halves, type Range } from './ranges.js';
import { isWorkerDeath, stopUnrejectable } from './worker-death.js';

/** A message set that was refused while nothing else was in flight. */
interface Refusal {
  readonly part: Part;
  readonly failure: DeliveryFailure;
}

/** The batch ends before this row, once all rows before it are answered. */
interface Stop {
  readonly row: number;
  readonly reason: Rejection;
}

/**
 * Runs one batch through the pool until each of its rows has an answer. On the way the output block may fill
 * up (the rest goes to another one), the worker may die (the range is cut around the suspects until the
 * guilty record is alone and rejected), a topic may be new, or a record may stop the run. Each death either
 * cuts a range or is counted, so the loop ends.
 */
export class TransformRunner {
  private readonly state: RunState;
  private readonly outputs: OutputBlocks;
  private readonly topics: OutputTopics;
  private readonly deadLetters: DeadLetterRows;

  constructor(state: RunState, outputs: OutputBlocks, deadLetters: DeadLetterRows) {
    this.state = state;
    this.outputs = outputs;
    this.topics = new OutputTopics(state);
    this.deadLetters = deadLetters;
  }

  /**
   * Resolves when `batch.transformDone`; every outcome, including failures, is in the batch or was reported
   * to `state.fail`.
   */
  async run(batch: InFlightBatch, onPart: () => void): Promise<void> {
    try {
      await this.answerAllRows(batch, onPart);
    } catch (error) {
      batch.abandon();
      this.state.fail(asDispatcherError(error));
    }
    this.outputs.giveBackSpare(batch);
    batch.transformDone = true;
  }

  private async answerAllRows(batch: InFlightBatch, onPart: () => void): Promise<void> {
    const isolated = this.state.isolatedBatches > 0;
    const cut = this.cutAroundNamed(batch, { first: 0, count: batch.input.rowCount });
    const ranges = [...cut.ranges].reverse();
    let { stop } = cut;
    let topics: readonly OutputTopic[] | undefined;
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      const answer = await this.attempt(batch, range, topics, onPart);
      topics = undefined;
      if (batch.abandoned) break;
      if (isWorkerDeath(answer)) {
        const { rejectWith, blamelessDeaths = 0 } = range;
        if (rejectWith !== undefined && blamelessDeaths >= Limits.blamelessDeathsMax) {
          stopUnrejectable(batch, range.first, rejectWith, answer);
          break;
        }
        ranges.push(...cutAroundSuspects(range, answer).reverse());
        continue;
      }
      if (answer.rowsDone === 0 && answer.stop === undefined && answer.unknownTopics === undefined)
        throw stuck(range);
      if (answer.stop !== undefined) {
        stopAt(batch, range.first + answer.rowsDone, answer.stop);
        break;
      }
      const rest: Range = {
        ...range,
        first: range.first + answer.rowsDone,
        count: range.count - answer.rowsDone,
      };
      if (rest.count > 0) ranges.push(rest);
      // Now: a refusal that arrives before it is waited for would be taken for one about neighbours.
      if (isolated) {
        const next = await this.deliverAlone(batch, { ...range, count: answer.rowsDone }, ranges, onPart);
        if (next === 'end') break;
        if (next !== 'on') {
          stop = next;
          continue;
        }
      }
      if (answer.unknownTopics !== undefined) {
        const registered = await this.topics.register(answer.unknownTopics);
        if (isAbandoned(batch)) break;
        if ('stop' in registered) {
          const { message } = registered.stop;
          stopAt(batch, rest.first, { code: registered.stop.code, message, stage: 'transform' });
          batch.stopError = registered.stop;
          break;
        }
        if ('topics' in registered) topics = registered.topics;
        else ranges.splice(ranges.indexOf(rest), 1, ...firstRejected(rest, registered.reject));
      }
      if (isAbandoned(batch)) break;
    }
    if (stop !== undefined && !isAbandoned(batch)) stopAt(batch, stop.row, stop.reason);
  }

  /**
   * Records that a broker has named before are rejected without another attempt; one whose dead letter was
   * refused ends the batch before it.
   */
  private cutAroundNamed(
    batch: InFlightBatch,
    range: Range,
  ): { readonly ranges: readonly Range[]; readonly stop?: Stop } {
    const ranges: Range[] = [];
    let next = range.first;
    for (const { row, named } of namedRows(this.state, batch, range)) {
      const last = ranges.at(-1);
      if (row > next) ranges.push({ first: next, count: row - next });
      if (named.deadLetter) return { ranges, stop: { row, reason: named.rejection } };
      // Adjacent rows named with the same words are rejected together.
      if (row === next && last?.rejectWith?.message === named.rejection.message)
        ranges[ranges.length - 1] = { ...last, count: last.count + 1 };
      else ranges.push({ first: row, count: 1, rejectWith: named.rejection });
      next = row + 1;
    }
    const end = range.first + range.count;
    if (end > next) ranges.push({ first: next, count: end - next });
    return { ranges };
  }

  private async attempt(
    batch: InFlightBatch,
    range: Range,
    topics: readonly OutputTopic[] | undefined,
    onPart: () => void,
  ): Promise<TransformResult | WorkerDeath> {
    const output = await this.outputs.take(batch);
    // Abandoned while it waited for a block.
    if (output === undefined) return NOTHING_ANSWERED;
    try {
      const result = await this.state.deps.pool.run({
        batchId: batch.id,
        input: batch.input.block,
        output,
        firstRow: range.first,
        rowCount: range.count,
        segments: batch.input.segments,
        ...(range.rejectWith === undefined ? {} : { rejectWith: range.rejectWith }),
        ...(topics === undefined ? {} : { topics }),
      });
      this.report(result);
      // Pieces of a batch are not representative: the fixed cost of a call weighs more in them.
      if (range.count === batch.input.rowCount) this.state.batchSize.saw(result.rowsDone, result.workMs);
      if (!batch.abandoned && result.rowsDone > 0) {
        addParts(this.state, batch, { output, result, redirect: false });
        onPart();
      } else this.outputs.release(output, batch);
      return result;
    } catch (error) {
      this.outputs.release(output, batch);
      if (!isWorkerDeath(error)) throw error;
      // Errors that come with the end of the pool are not reported.
      if (this.state.lifecycle.isOver()) return error;
      this.state.logLimit.warn(`worker ${error.code}`, 'worker replaced', {
        code: error.code,
        reason: error.message,
        suspects: error.suspectRowCount,
      });
      return error;
    }
  }

  /**
   * Waits until the results of the range are delivered. `end` ends the run of the batch. A range that a
   * broker refused is run again: without the records it named, else in halves. If a dead letter was refused,
   * only the records before it are run, and the batch stops once they are delivered. A single record refused
   * alone is guilty.
   */
  private async deliverAlone(
    batch: InFlightBatch,
    range: Range,
    ranges: Range[],
    onPart: () => void,
  ): Promise<'on' | 'end' | Stop> {
    const { parts, refusal } = await this.delivered(batch);
    if (batch.abandoned) return 'end';
    if (refusal === undefined) return 'on';
    for (const part of parts) part.void = true;
    if (range.rejectWith !== undefined) {
      stopAt(batch, range.first, this.rejection(refusal, true));
      return 'end';
    }
    const { ranges: pieces, stop } = this.cutAroundNamed(batch, range);
    if (stop !== undefined) {
      ranges.splice(0, ranges.length, ...[...pieces].reverse());
      return stop;
    }
    if (pieces.length > 1 || range.count > 1) {
      ranges.push(...[...(pieces.length > 1 ? pieces : halves(range))].reverse());
      return 'on';
    }
    // The record alone, then its dead letter alone.
    batch.redirected.set(range.first, refusal.failure.name);
    await this.deadLetters.redirect(
      batch,
      { first: range.first, count: 1, rejectWith: this.rejection(refusal, false) },
      onPart,
    );
    const { refusal: again } = await this.delivered(batch);
    if (again !== undefined) stopAt(batch, range.first, this.rejection(again, true));
    return batch.stopRow === undefined && !isAbandoned(batch) ? 'on' : 'end';
  }

  private async delivered(
    batch: InFlightBatch,
  ): Promise<{ readonly parts: readonly Part[]; readonly refusal: Refusal | undefined }> {
    const parts = batch.unsettled().filter((part) => part.settledAlone === undefined);
    const answers = await Promise.all(
      parts.map(async (part) => ({ part, failure: await settledAlone(part) })),
    );
    for (const { part, failure } of answers)
      if (failure !== undefined) return { parts, refusal: { part, failure } };
    return { parts, refusal: undefined };
  }

  private rejection({ part, failure }: Refusal, deadLetter: boolean): Rejection {
    const { topicNumber } = describeOutputRow(part, failure.outputRow);
    return refusalOf(this.state.topicNames.get(topicNumber) ?? `number ${topicNumber}`, failure, deadLetter);
  }

  private report(result: TransformResult): void {
    for (const entry of result.logs ?? []) this.state.deps.logger[entry.level](entry.message, entry.fields);
    const { metrics, logLimit } = this.state;
    const leftOutBefore = metrics.leftOut;
    for (const entry of result.counts ?? []) metrics.add(entry);
    if (metrics.leftOut > leftOutBefore)
      logLimit.warn('metrics', 'the transform uses too many metric names or labels: some are left out', {
        leftOut: metrics.leftOut,
      });
  }
}

/** A function, because after an await the compiler would still assume the earlier value. */
function isAbandoned(batch: InFlightBatch): boolean {
  return batch.abandoned;
}

/** In row order. */
function namedRows(
  state: RunState,
  batch: InFlightBatch,
  range: Range,
): { readonly row: number; readonly named: NamedRecord }[] {
  return batch.input.segments.flatMap((segment) =>
    state.named
      .within(segment.partitionId, segment.firstOffset, segment.lastOffset)
      .map((named) => ({ row: batch.rowOf(segment, named.offset), named }))
      .filter(({ row, named }) => batch.offsetOf(row) === named.offset)
      .filter(({ row }) => row >= range.first && row < range.first + range.count),
  );
}

function settledAlone(part: Part): Promise<DeliveryFailure | undefined> {
  return new Promise((resolve) => {
    part.settledAlone = resolve;
  });
}

function stuck(range: Range): DispatcherError {
  return new DispatcherError(
    'DEFECT',
    `a transform task answered none of its ${range.count} rows and gave no reason`,
  );
}
