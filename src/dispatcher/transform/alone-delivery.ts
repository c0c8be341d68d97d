import type { DeliveryFailure } from '../../ports/sink.js';
import type { Rejection } from '../../ports/transform-pool.js';
import { describeOutputRow, type InFlightBatch, isAbandoned, type Part, stopAt } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import { refusalOf } from '../settlement/refusal-of.js';
import type { DeadLetterRows } from './dead-letter-rows.js';
import { cutAroundNamed, type Stop } from './named-rows.js';
import { halves, type Range } from './ranges.js';

/** A message set that was refused while nothing else was in flight. */
interface Refusal {
  readonly part: Part;
  readonly failure: DeliveryFailure;
}

/** Delivers ranges of a batch while nothing else is in flight, to find the record that a broker refuses. */
export class AloneDelivery {
  private readonly state: RunState;
  private readonly deadLetters: DeadLetterRows;

  constructor(state: RunState, deadLetters: DeadLetterRows) {
    this.state = state;
    this.deadLetters = deadLetters;
  }

  /**
   * Waits until the results of the range are delivered. `end` ends the run of the batch. A range that a
   * broker refused is run again: without the records it named, else in halves. If a dead letter was refused,
   * only the records before it are run, and the batch stops once they are delivered. A single record refused
   * alone is guilty.
   */
  async deliver(
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
    const { ranges: pieces, stop } = cutAroundNamed(this.state, batch, range);
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
}

function settledAlone(part: Part): Promise<DeliveryFailure | undefined> {
  return new Promise((resolve) => {
    part.settledAlone = resolve;
  });
}
