import type { Segment } from '../../core/batch.js';
import type { DeadLetterExample } from '../../core/books/accounting.js';
import { DispatcherError } from '../../core/errors.js';
import type { Settled } from '../../ports/sink.js';
import type { RejectedRow } from '../../ports/transform-pool.js';
import type { InFlightBatch, Part } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import { place } from '../run-state.js';
import type { RejectedRange } from '../transform/ranges.js';
import { DeadLetterShare } from './dead-letter-share.js';
import { countEmitted } from './emitted.js';
import { noteAcknowledged, noteSettled } from './noted.js';
import type { Refusals } from './refusals.js';
import type { Stall } from './stall.js';
import { type Totals, totalsOf, totalsOfSome } from './totals.js';
import { uncounted } from './uncounted.js';
import { countUndelivered } from './undelivered.js';

interface PartSettled {
  readonly part: Part;
  /** Rows that must become dead letters, as further parts of the batch. */
  readonly deadLetters: readonly RejectedRange[];
}

/** Turns acknowledgements into settled segments and counts. */
export class Settler {
  private readonly state: RunState;
  private readonly stall: Stall;
  private readonly refusals: Refusals;
  private readonly deadLetterShare: DeadLetterShare;

  constructor(state: RunState, parts: { stall: Stall; refusals: Refusals }) {
    this.state = state;
    this.stall = parts.stall;
    this.refusals = parts.refusals;
    this.deadLetterShare = new DeadLetterShare(state);
  }

  /** The result of the part's delivery is known. The caller checks `batch.settled` afterwards. */
  partSettled(batch: InFlightBatch, settled: Settled): PartSettled {
    const part = batch.parts[settled.part];
    if (part?.state !== 'written')
      throw new DispatcherError(
        'DEFECT',
        `part ${settled.part} of batch ${settled.batchId} was settled, but it was not written`,
      );
    part.state = 'settled';
    this.state.stages.produced(this.state.deps.clock.nowMs() - part.writtenAtMs);
    part.notes = settled.notes;
    countEmitted(batch, part, settled, (row) => this.isOpen(batch, row));
    if (settled.acknowledged > 0) this.stall.delivered();
    if (settled.failures.length > 0) {
      countUndelivered(this.state, part, settled.failures);
      return { part, deadLetters: this.refusals.take(batch, part, settled.failures) };
    }
    part.settledAlone?.(undefined);
    return { part, deadLetters: [] };
  }

  private isOpen(batch: InFlightBatch, row: number): boolean {
    const segment = batch.segmentOf(row);
    return segment !== undefined && this.state.partitions.isOpen(segment.partitionId, segment.epoch);
  }

  /** All parts of the batch are settled: counts its rows, settles its segments. */
  finish(batch: InFlightBatch): void {
    const { accounting, partitions } = this.state;
    noteAcknowledged(this.state, batch);
    if (batch.rewound) {
      accounting.rewound(batch.input.rowCount);
      // Rewound after it had begun to stop the run, which waits for its end.
      if (this.state.lifecycle.isStopping()) this.stopAt(batch);
      return;
    }
    const answered = batch.abandoned ? 0 : (batch.stopRow ?? batch.input.rowCount);
    const live: Segment[] = [];
    for (const segment of batch.input.segments) {
      const offsets = partitions.current(segment.partitionId, segment.epoch);
      if (offsets === undefined) {
        accounting.handedOver(segment.rowCount);
        continue;
      }
      const rows = Math.max(0, Math.min(answered - segment.firstRow, segment.rowCount));
      if (rows === segment.rowCount) offsets.settle(segment, batch.id);
      else if (rows > 0) offsets.settleBefore(segment, batch.id, batch.offsetOf(answered));
      if (rows > 0) live.push({ ...segment, rowCount: rows });
      this.state.named.forget(segment.partitionId, segment.firstOffset, segment.lastOffset);
      this.state.unsettledRows += segment.rowCount - rows;
    }
    const totals = rowsIn(live) === batch.input.rowCount ? totalsOf(batch) : totalsOfSome(batch, live);
    noteSettled(this.state, batch, live, totals);
    const fresh = uncounted(batch, live, (id) => partitions.countedOf(id));
    const again = rowsIn(live) - rowsIn(fresh);
    accounting.rewound(again);
    this.book(batch, again === 0 ? totals : totalsOfSome(batch, fresh));
    this.stall.check();
    this.stopAt(batch);
  }

  private stopAt(batch: InFlightBatch): void {
    if (batch.stopReason !== undefined && batch.stopRow !== undefined) this.stopRun(batch, batch.stopRow);
  }

  private book(batch: InFlightBatch, totals: Totals): void {
    const { accounting, topicNames } = this.state;
    const deadLetters = totals.deadLettered.map(({ code, rows, example }) => ({
      code,
      rows,
      example: this.located(batch, example),
    }));
    let filteredRows = 0;
    for (const [reason, rows] of totals.filtered) {
      accounting.filtered(reason, rows);
      filteredRows += rows;
    }
    for (const { code, rows, example } of deadLetters) accounting.deadLettered(code, rows, example);
    accounting.transformed(totals.transformedRows);
    for (const [topic, rows] of batch.emitted)
      accounting.emitted(topicNames.get(topic) ?? `number ${topic}`, rows);
    this.deadLetterShare.booked(totals.transformedRows + filteredRows + totals.deadLetteredRows, deadLetters);
  }

  private located(batch: InFlightBatch, { row, message }: RejectedRow): DeadLetterExample {
    const segment = batch.segmentOf(row);
    const { topic, partition } =
      segment === undefined ? { topic: '', partition: -1 } : this.state.deps.describe(segment.partitionId);
    return { message, topic, partition, offset: batch.offsetOf(row) };
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
            : 'set dispatcher.dead-letter.topic to keep such records with the whole message, or drop() ' +
              'them in the transform; a restart stops at the same record',
        },
      ),
    );
  }
}

function rowsIn(segments: readonly Segment[]): number {
  return segments.reduce((sum, { rowCount }) => sum + rowCount, 0);
}
