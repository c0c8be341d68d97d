import type { Segment } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { Settled } from '../../ports/sink.js';
import { Outcome } from '../../wire/layout.js';
import { type InFlightBatch, outcomeOf, type Part } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import { place } from '../run-state.js';
import type { RejectedRange } from '../transform/ranges.js';
import type { Refusals } from './refusals.js';
import type { Stall } from './stall.js';
import { totalsOf } from './totals.js';

interface PartSettled {
  readonly part: Part;
  /** Rows that are to become dead letters, as further parts of the batch. */
  readonly deadLetters: readonly RejectedRange[];
}

/** Turns acknowledgements into settled segments and counts. */
export class Settler {
  private readonly state: RunState;
  private readonly stall: Stall;
  private readonly refusals: Refusals;

  constructor(state: RunState, parts: { stall: Stall; refusals: Refusals }) {
    this.state = state;
    this.stall = parts.stall;
    this.refusals = parts.refusals;
  }

  /** The part's fate is known. The caller asks `batch.settled` afterwards. */
  partSettled(batch: InFlightBatch, settled: Settled): PartSettled {
    const part = batch.parts[settled.part];
    if (part?.state !== 'written')
      throw new DispatcherError(
        'DEFECT',
        `part ${settled.part} of batch ${settled.batchId} was settled, but it was not written`,
      );
    part.state = 'settled';
    batch.acknowledged += settled.acknowledged;
    if (settled.acknowledged > 0) this.stall.delivered();
    if (settled.failures.length > 0)
      return { part, deadLetters: this.refusals.take(batch, part, settled.failures) };
    part.settledAlone?.(undefined);
    return { part, deadLetters: [] };
  }

  /** All parts of the batch are settled: book its rows, settle its segments. */
  finish(batch: InFlightBatch): void {
    const { accounting, tracker } = this.state;
    if (batch.rewound) {
      accounting.rewound(batch.input.rowCount);
      return;
    }
    const answered = batch.abandoned ? 0 : (batch.stopRow ?? batch.input.rowCount);
    const live: Segment[] = [];
    for (const segment of batch.input.segments) {
      if (!tracker.isOpen(segment.partitionId, segment.epoch)) {
        accounting.handedOver(segment.rowCount);
        continue;
      }
      const rows = Math.max(0, Math.min(answered - segment.firstRow, segment.rowCount));
      if (rows === segment.rowCount) tracker.settle(segment, batch.id);
      else if (rows > 0) tracker.settleBefore(segment, batch.id, batch.offsetOf(answered));
      if (rows > 0) live.push({ ...segment, rowCount: rows });
      this.state.named.forget(segment.partitionId, segment.firstOffset, segment.lastOffset);
      this.state.unsettledRows += segment.rowCount - rows;
    }
    const liveRows = live.reduce((sum, segment) => sum + segment.rowCount, 0);
    if (liveRows === batch.input.rowCount) this.bookTotals(batch);
    else this.bookOutcomes(batch, live);
    this.stall.check();
    if (batch.stopReason !== undefined && batch.stopRow !== undefined) this.stopRun(batch, batch.stopRow);
  }

  /** The usual case: every row counts, so the totals of the results do. */
  private bookTotals(batch: InFlightBatch): void {
    const { accounting } = this.state;
    const totals = totalsOf(batch);
    for (const [reason, rows] of totals.filtered) accounting.filtered(reason, rows);
    for (const [code, rows] of totals.deadLettered) accounting.deadLettered(code, rows);
    accounting.transformed(totals.transformedRows);
    accounting.emitted(Math.max(0, batch.acknowledged - totals.deadLetteredRows));
  }

  /**
   * Some rows do not count (their partition is no longer ours, or the run stops at one): the outcome bytes of
   * the others are counted.
   */
  private bookOutcomes(batch: InFlightBatch, live: readonly Segment[]): void {
    const { accounting } = this.state;
    let deadLetters = 0;
    for (const segment of live) {
      for (let row = segment.firstRow; row < segment.firstRow + segment.rowCount; row++) {
        const part = batch.parts.findLast(
          (p) => !p.void && row >= p.firstSourceRow && row < p.firstSourceRow + p.sourceRowCount,
        );
        const outcome = part === undefined ? Outcome.transformed : outcomeOf(part, row);
        if (outcome === Outcome.transformed) {
          accounting.transformed(1);
        } else if (outcome < Outcome.deadLetteredBase) {
          accounting.filtered(part?.result.filterReasons[outcome - Outcome.filteredBase] ?? 'OTHER', 1);
        } else {
          accounting.deadLettered(
            part?.result.deadLetterCodes[outcome - Outcome.deadLetteredBase] ?? 'OTHER',
            1,
          );
          deadLetters++;
        }
      }
    }
    accounting.emitted(Math.max(0, batch.acknowledged - deadLetters));
  }

  private stopRun(batch: InFlightBatch, row: number): void {
    const segment = batch.segmentOf(row);
    const reason = batch.stopReason;
    if (segment === undefined || reason === undefined) return;
    const refused = reason.code === 'DEAD_LETTER_REFUSED';
    const where = place(this.state, segment.partitionId, batch.offsetOf(row));
    const { stopError } = batch;
    if (stopError !== undefined && stopError.code === reason.code) {
      const { code, message, remedy } = stopError;
      const options = { cause: stopError, ...(remedy === undefined ? {} : { remedy }) };
      this.state.fail(new DispatcherError(code, `${where}: ${message}`, options));
      return;
    }
    this.state.fail(
      new DispatcherError(
        refused ? 'DEAD_LETTER_REFUSED' : 'RECORD_REJECTED',
        `${where}: ${reason.code} (${reason.stage}): ${reason.message}`,
        {
          remedy: refused
            ? "raise the dead-letter topic's max.message.bytes above the " +
              "source's, or drop such records in the transform"
            : 'set dispatcher.dead-letter.topic to keep such records aside, or drop() them in the ' +
              'transform; a restart meets the same record',
        },
      ),
    );
  }
}
