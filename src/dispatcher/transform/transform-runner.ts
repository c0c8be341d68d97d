import type { Block } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { DeliveryFailure, OutputTopic } from '../../ports/sink.js';
import {
  NOTHING_ANSWERED,
  type Rejection,
  type TransformResult,
  type WorkerDeath,
} from '../../ports/transform-pool.js';
import { describeOutputRow, type Flight, type Part } from '../flight.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { NamedRecord } from '../settlement/named-records.js';
import { refusalOf } from '../settlement/refusal-of.js';
import type { OutputBlocks } from './output-blocks.js';
import { OutputTopics } from './output-topics.js';
import { cutAroundSuspects, firstRejected, halves, type Range } from './ranges.js';

/** A message set that was refused while nothing else was on its way. */
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
 * Runs one batch through the pool until each of its rows is answered. What can happen on the way: the output
 * block fills up (the rest runs into another one), the worker dies (the range is cut around the suspects
 * until the guilty record stands alone and is rejected), a topic is new, a record must stop the run. Each
 * death either cuts a range or is counted, so the loop ends.
 */
export class TransformRunner {
  private readonly state: RunState;
  private readonly outputs: OutputBlocks;
  private readonly topics: OutputTopics;
  private readonly onPart: (flight: Flight) => void;

  constructor(state: RunState, outputs: OutputBlocks, onPart: (flight: Flight) => void) {
    this.state = state;
    this.outputs = outputs;
    this.topics = new OutputTopics(state);
    this.onPart = onPart;
  }

  /**
   * Resolves when `flight.transformDone`; every outcome, failures too, is in the flight or was told to
   * `state.fail`.
   */
  async run(flight: Flight): Promise<void> {
    try {
      await this.answerAllRows(flight);
    } catch (error) {
      flight.abandon();
      this.state.fail(asDispatcherError(error));
    }
    this.outputs.giveBackSpare(flight);
    flight.transformDone = true;
  }

  private async answerAllRows(flight: Flight): Promise<void> {
    const isolated = this.state.isolatedBatches > 0;
    const cut = this.cutAroundNamed(flight, { first: 0, count: flight.input.rowCount });
    const ranges = [...cut.ranges].reverse();
    let { stop } = cut;
    let topics: readonly OutputTopic[] | undefined;
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      const answer = await this.attempt(flight, range, topics);
      topics = undefined;
      if (flight.abandoned) break;
      if (isWorkerDeath(answer)) {
        const { rejectWith, blamelessDeaths = 0 } = range;
        // None of the user's code runs in it: a row that can't even be rejected has nowhere to go.
        if (rejectWith !== undefined && blamelessDeaths >= Limits.blamelessDeathsMax) {
          stopAt(flight, range.first, rejectWith);
          break;
        }
        ranges.push(...cutAroundSuspects(range, answer).reverse());
        continue;
      }
      if (answer.rowsDone === 0 && answer.stop === undefined && answer.unknownTopics === undefined)
        throw stuck(range);
      if (answer.stop !== undefined) {
        stopAt(flight, range.first + answer.rowsDone, answer.stop);
        break;
      }
      const rest: Range = {
        ...range,
        first: range.first + answer.rowsDone,
        count: range.count - answer.rowsDone,
      };
      if (rest.count > 0) ranges.push(rest);
      // At once: an answer of the brokers that came before it is waited for would be taken for one about
      // neighbours.
      if (isolated) {
        const next = await this.deliverAlone(flight, { ...range, count: answer.rowsDone }, ranges);
        if (next === 'end') break;
        if (next !== 'on') {
          stop = next;
          continue;
        }
      }
      if (answer.unknownTopics !== undefined) {
        const registered = await this.topics.register(answer.unknownTopics);
        if (isAbandoned(flight)) break;
        if ('stop' in registered) {
          const { message } = registered.stop;
          stopAt(flight, rest.first, { code: registered.stop.code, message, stage: 'transform' });
          flight.stopError = registered.stop;
          break;
        }
        if ('topics' in registered) topics = registered.topics;
        else ranges.splice(ranges.indexOf(rest), 1, ...firstRejected(rest, registered.reject));
      }
      if (isAbandoned(flight)) break;
    }
    if (stop !== undefined && !isAbandoned(flight)) stopAt(flight, stop.row, stop.reason);
  }

  /**
   * Records that a broker has named before are rejected without another try; one whose dead letter was
   * refused ends the batch before it.
   */
  private cutAroundNamed(
    flight: Flight,
    range: Range,
  ): { readonly ranges: readonly Range[]; readonly stop?: Stop } {
    const ranges: Range[] = [];
    let next = range.first;
    for (const { row, named } of namedRows(this.state, flight, range)) {
      if (row > next) ranges.push({ first: next, count: row - next });
      if (named.deadLetter) return { ranges, stop: { row, reason: named.rejection } };
      ranges.push({ first: row, count: 1, rejectWith: named.rejection });
      next = row + 1;
    }
    const end = range.first + range.count;
    if (end > next) ranges.push({ first: next, count: end - next });
    return { ranges };
  }

  /** Turns rows whose delivery was refused into dead letters, as further parts of the batch. */
  async redirect(flight: Flight, first: number, count: number, rejection: Rejection): Promise<void> {
    flight.redirecting++;
    try {
      for (let done = 0; done < count; ) {
        const rows = await this.redirectSome(flight, first + done, count - done, rejection);
        if (rows === 0) return;
        done += rows;
      }
    } catch (error) {
      // Neither delivered nor dead-lettered.
      flight.abandon();
      this.state.fail(asDispatcherError(error));
    } finally {
      flight.redirecting--;
      this.onPart(flight);
    }
  }

  /** Rows that became dead letters; 0: there will be no more. */
  private async redirectSome(
    flight: Flight,
    first: number,
    count: number,
    rejection: Rejection,
  ): Promise<number> {
    const output = await this.outputs.take(flight);
    if (output === undefined) return 0;
    const result = await this.rejectRows(flight, output, { first, count, rejectWith: rejection });
    if (flight.abandoned) {
      this.state.blocks.give(output);
      return 0;
    }
    if (result.stop !== undefined || result.rowsDone === 0) {
      this.state.blocks.give(output);
      stopAt(flight, first, result.stop ?? rejection);
      return 0;
    }
    this.addParts(flight, output, result, true);
    return result.rowsDone;
  }

  private async rejectRows(
    flight: Flight,
    output: Block,
    { first, count, rejectWith }: Range & { readonly rejectWith: Rejection },
  ): Promise<TransformResult> {
    const { block: input, segments } = flight.input;
    const task = { input, output, firstRow: first, rowCount: count, segments, rejectWith };
    for (let deaths = 0; ; deaths++) {
      try {
        return await this.state.deps.pool.run(task);
      } catch (error) {
        // A late exception of an earlier record may end the worker here too; no code of the user runs in this
        // task itself.
        if (!isWorkerDeath(error) || deaths >= Limits.blamelessDeathsMax) throw error;
      }
    }
  }

  private async attempt(
    flight: Flight,
    range: Range,
    topics: readonly OutputTopic[] | undefined,
  ): Promise<TransformResult | WorkerDeath> {
    const output = await this.outputs.take(flight);
    // Abandoned while it waited for a block.
    if (output === undefined) return NOTHING_ANSWERED;
    try {
      const result = await this.state.deps.pool.run({
        input: flight.input.block,
        output,
        firstRow: range.first,
        rowCount: range.count,
        segments: flight.input.segments,
        ...(range.rejectWith === undefined ? {} : { rejectWith: range.rejectWith }),
        ...(topics === undefined ? {} : { topics }),
      });
      this.report(result);
      // Pieces of a batch say little: what a call costs weighs more in them.
      if (range.count === flight.input.rowCount) this.state.batchSize.saw(result.rowsDone, result.workMs);
      if (!flight.abandoned && result.rowsDone > 0) this.addParts(flight, output, result, false);
      else this.outputs.release(output, flight);
      return result;
    } catch (error) {
      this.outputs.release(output, flight);
      if (!isWorkerDeath(error)) throw error;
      // Those that end with the pool are no news.
      if (this.state.over) return error;
      this.state.logLimit.warn(`worker ${error.code}`, 'worker replaced', {
        code: error.code,
        reason: error.message,
        suspects: error.suspectRowCount,
      });
      return error;
    }
  }

  private addParts(flight: Flight, output: Block, result: TransformResult, redirect: boolean): void {
    flight.addPart(output, result, { external: false, redirect });
    if (result.overflow !== undefined) {
      this.state.blocks.bookExternal(result.overflow.byteLength);
      flight.addPart({ id: -1, bytes: result.overflow }, result, { external: true, redirect });
    }
    this.onPart(flight);
  }

  /**
   * Waits until what the range produced is delivered. `end` ends the run of the batch. A range that a broker
   * refused is run again: without the records it named, else in halves; only up to a record whose dead letter
   * was refused, where the batch stops once those before it are delivered. A single record refused alone is at
   * fault.
   */
  private async deliverAlone(flight: Flight, range: Range, ranges: Range[]): Promise<'on' | 'end' | Stop> {
    const { parts, refusal } = await this.delivered(flight);
    if (flight.abandoned) return 'end';
    if (refusal === undefined) return 'on';
    for (const part of parts) part.void = true;
    if (range.rejectWith !== undefined) {
      stopAt(flight, range.first, this.rejection(refusal, true));
      return 'end';
    }
    const { ranges: pieces, stop } = this.cutAroundNamed(flight, range);
    if (stop !== undefined) {
      ranges.splice(0, ranges.length, ...[...pieces].reverse());
      return stop;
    }
    if (pieces.length > 1 || range.count > 1) {
      ranges.push(...[...(pieces.length > 1 ? pieces : halves(range))].reverse());
      return 'on';
    }
    // The record alone, then its dead letter alone.
    flight.redirected.set(range.first, refusal.failure.name);
    await this.redirect(flight, range.first, 1, this.rejection(refusal, false));
    const { refusal: again } = await this.delivered(flight);
    if (again !== undefined) stopAt(flight, range.first, this.rejection(again, true));
    return flight.stopRow === undefined && !isAbandoned(flight) ? 'on' : 'end';
  }

  private async delivered(
    flight: Flight,
  ): Promise<{ readonly parts: readonly Part[]; readonly refusal: Refusal | undefined }> {
    const parts = flight.parts.filter((part) => part.state !== 'settled' && part.settledAlone === undefined);
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
      logLimit.warn('metrics', 'the transform counts under too many names or labels: some are left out', {
        leftOut: metrics.leftOut,
      });
  }
}

/** Asked again after an await, where the compiler would remember the answer of before. */
function isAbandoned(flight: Flight): boolean {
  return flight.abandoned;
}

/** A row that must stop the run: everything before it is released and settled, it and what follows is not. */
export function stopAt(flight: Flight, row: number, reason: Rejection): void {
  if (flight.stopRow !== undefined && flight.stopRow <= row) return;
  flight.stopRow = row;
  flight.stopReason = reason;
}

/** In row order. */
function namedRows(
  state: RunState,
  flight: Flight,
  range: Range,
): { readonly row: number; readonly named: NamedRecord }[] {
  return flight.input.segments.flatMap((segment) =>
    state.named
      .within(segment.partitionId, segment.firstOffset, segment.lastOffset)
      .map((named) => ({ row: flight.rowOf(segment, named.offset), named }))
      .filter(({ row, named }) => flight.offsetOf(row) === named.offset)
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

export function isWorkerDeath(error: unknown): error is WorkerDeath {
  return typeof error === 'object' && error !== null && 'kind' in error && error.kind === 'worker-death';
}

export function asDispatcherError(error: unknown): DispatcherError {
  if (error instanceof DispatcherError) return error;
  return new DispatcherError('DEFECT', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
