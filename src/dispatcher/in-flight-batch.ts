import type { BatchId, Block, InputBatch, PartitionId, Segment } from '../core/batch.js';
import type { DispatcherError } from '../core/errors.js';
import type { DeliveryFailure } from '../ports/sink.js';
import type { BatchTrace, TraceFault, TraceStep } from '../ports/tracing.js';
import type { Rejection, TopicRows, TransformResult } from '../ports/transform-pool.js';
import {
  HEADER_BYTES,
  INPUT_ROW_BYTES,
  InputHeader,
  OUTPUT_ROW_BYTES,
  OutputFlag,
  OutputHeader,
  OutputRow,
  RowFlag,
} from '../wire/layout.js';

/**
 * One written output of a batch: it answers source rows `[firstSourceRow, firstSourceRow +
 * sourceRowCount)`.
 */
export interface Part {
  readonly index: number;
  readonly output: Block;
  /** The output block came from a worker's overflow: counted in the budget, not pooled. */
  readonly external: boolean;
  readonly firstSourceRow: number;
  readonly sourceRowCount: number;
  readonly outputRows: number;
  /** Its rows by topic number, dead letters not among them. */
  readonly emitted: TopicRows;
  readonly identity: boolean;
  /** Dead letters made after a refused delivery; the rows were answered before by another part. */
  readonly redirect: boolean;
  /**
   * Names its outcome bytes; also its totals if `carriesTotals` (the parts of one result share
   * them).
   */
  readonly result: TransformResult;
  readonly carriesTotals: boolean;
  /** Its delivery failed because of a neighbour and its rows were answered again: it counts for nothing. */
  void: boolean;
  state: 'ready' | 'written' | 'settled';
  /** When it got into its state; 0: not known. */
  readyAtMs: number;
  writtenAtMs: number;
  /** Set while a piece is delivered alone: a refusal then goes to the runner, and nothing is rewound. */
  settledAlone: ((refusal: DeliveryFailure | undefined) => void) | undefined;
  /** The output block was reused before the batch ended; `outcomes` is the copy that was kept. */
  released: boolean;
  outcomes: Uint8Array | undefined;
  /** Where its acknowledged records are, for the receipt. */
  notes: Uint8Array | undefined;
  /** Set while it is written, if the batch is traced. */
  trace: TraceStep | undefined;
}

/** Of a trace. */
export const STOPS = 'the run stops at a record';
const NO_PARTS: readonly Part[] = [];

/** A batch in flight: read → transformed (in parts) → written → settled. */
export class InFlightBatch {
  readonly id: BatchId;
  readonly input: InputBatch;
  readonly readAtMs: number;
  readonly partitionIds: readonly PartitionId[];
  readonly parts: Part[] = [];
  /** The output block reserved together with the input block. */
  spareOutput: Block | undefined;
  started = false;
  /** Since when it waits for a worker; undefined: one has begun with it before. */
  waitsSinceMs: number | undefined;
  /** No more parts will be added, except redirected dead letters. */
  transformDone = false;
  /** Number of dead letters that are being made for refused deliveries. */
  redirecting = 0;
  /** Its results are no longer needed: rewound, cut, or after a record that stops the run. */
  abandoned = false;
  /** Abandoned because its records are read again by this run. */
  rewound = false;
  /** First row without an answer; rows from here on stay unsettled. */
  stopRow: number | undefined;
  stopReason: Rejection | undefined;
  /** Set if the run stops for another reason than the record itself. */
  stopError: DispatcherError | undefined;
  /** Source row → the code with which it was dead-lettered after its delivery was refused. */
  readonly redirected = new Map<number, string>();
  /** Acknowledged rows by topic number, dead letters not among them. */
  readonly emitted = new Map<number, number>();
  /** Undefined: the batch is not traced. */
  trace: BatchTrace | undefined;
  /** Parts below were handed to the writer, or never will be. */
  private takenTo = 0;
  private settledTo = 0;

  constructor(id: BatchId, input: InputBatch, spareOutput: Block, readAtMs: number) {
    this.id = id;
    this.input = input;
    this.spareOutput = spareOutput;
    this.readAtMs = readAtMs;
    this.waitsSinceMs = readAtMs;
    this.partitionIds = [...new Set(input.segments.map((segment) => segment.partitionId))];
  }

  /** Undefined: it was settled as it was read. No text of records: traces leave the machine. */
  get fault(): TraceFault | undefined {
    if (this.stopReason !== undefined) return { code: this.stopReason.code, message: STOPS };
    if (this.rewound) return { code: 'REWOUND', message: 'a delivery failed: its records are read again' };
    if (this.abandoned) return { code: 'ABANDONED', message: 'its results are not needed any more' };
    return undefined;
  }

  get settled(): boolean {
    return this.transformDone && this.redirecting === 0 && this.passSettled() === this.parts.length;
  }

  /** A batch may have thousands of parts: those at the front that are settled are not looked at again. */
  private passSettled(): number {
    while (this.parts[this.settledTo]?.state === 'settled') this.settledTo++;
    return this.settledTo;
  }

  unsettled(): readonly Part[] {
    return this.parts.slice(this.passSettled()).filter((part) => part.state !== 'settled');
  }

  /** The parts that are to be written; they count as written from now on. */
  takeReady(): readonly Part[] {
    if (this.takenTo === this.parts.length) return NO_PARTS;
    const ready = this.parts.slice(this.takenTo).filter((part) => part.state === 'ready');
    this.takenTo = this.parts.length;
    for (const part of ready) part.state = 'written';
    return ready;
  }

  /** Drops its remaining results. Parts that were already written still settle. */
  abandon(): void {
    this.abandoned = true;
    for (const part of this.parts) {
      if (part.state === 'ready') part.state = 'settled';
      part.settledAlone?.(undefined);
    }
  }

  /** An earlier record stops the run. */
  forgetStop(): void {
    this.stopRow = undefined;
    this.stopReason = undefined;
    this.stopError = undefined;
  }

  segmentOf(row: number): Segment | undefined {
    return this.input.segments.find(
      (segment) => row >= segment.firstRow && row < segment.firstRow + segment.rowCount,
    );
  }

  /** Offset of a row, read from the block, which belongs to the batch until it is settled. */
  offsetOf(row: number): number {
    const { bytes } = this.input.block;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Number(
      view.getBigInt64(view.getUint32(InputHeader.rowsPosition, true) + row * INPUT_ROW_BYTES, true),
    );
  }

  /** The row of a record in the segment, found by its offset; offsets within a segment rise. */
  rowOf(segment: Segment, offset: number): number {
    let low = segment.firstRow;
    let high = segment.firstRow + segment.rowCount - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.offsetOf(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  addPart(output: Block, result: TransformResult, options: { external: boolean; redirect: boolean }): Part {
    const view = new DataView(output.bytes.buffer, output.bytes.byteOffset, output.bytes.byteLength);
    const part: Part = {
      index: this.parts.length,
      output,
      external: options.external,
      redirect: options.redirect,
      firstSourceRow: view.getUint32(OutputHeader.firstSourceRow, true),
      sourceRowCount: view.getUint32(OutputHeader.sourceRowCount, true),
      outputRows: view.getUint32(OutputHeader.rowCount, true),
      emitted: options.external ? (result.overflowEmitted ?? []) : result.emitted,
      identity: (view.getUint32(OutputHeader.flags, true) & OutputFlag.identity) !== 0,
      result,
      carriesTotals: !options.external,
      void: false,
      state: 'ready',
      readyAtMs: 0,
      writtenAtMs: 0,
      settledAlone: undefined,
      released: false,
      outcomes: undefined,
      notes: undefined,
      trace: undefined,
    };
    this.parts.push(part);
    return part;
  }
}

/** Reads the facts about one output row that the main thread needs. Called for refused rows only. */
export function describeOutputRow(
  part: Part,
  outputRow: number,
): { sourceRow: number; topicNumber: number; deadLetter: boolean } {
  const { bytes } = part.output;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (part.identity)
    return {
      sourceRow: outputRow,
      topicNumber: view.getUint32(OutputHeader.identityTopic, true),
      deadLetter: false,
    };
  const at = view.getUint32(OutputHeader.rowsPosition, true) + outputRow * OUTPUT_ROW_BYTES;
  return {
    sourceRow: view.getUint32(at + OutputRow.sourceRow, true),
    topicNumber: view.getUint16(at + OutputRow.topic, true),
    deadLetter: (view.getUint16(at + OutputRow.flags, true) & RowFlag.deadLetter) !== 0,
  };
}

/** Outcome byte of a source row that the part answers. */
export function outcomeOf(part: Part, sourceRow: number): number {
  if (part.identity) return 0;
  const row = sourceRow - part.firstSourceRow;
  return (part.released ? part.outcomes?.[row] : part.output.bytes[HEADER_BYTES + row]) ?? 0;
}

/** The part's block is about to be reused: keeps what is needed at the batch's end. */
export function letGoOfOutput(part: Part): void {
  if (!part.identity)
    part.outcomes = part.output.bytes.slice(HEADER_BYTES, HEADER_BYTES + part.sourceRowCount);
  part.released = true;
}

/**
 * A row that must stop the run: everything before it is released and settled; the row and everything after it
 * are not.
 */
export function stopAt(batch: InFlightBatch, row: number, reason: Rejection): void {
  if (batch.stopRow !== undefined && batch.stopRow <= row) return;
  batch.stopRow = row;
  batch.stopReason = reason;
}

/** A function, because after an await the compiler would still assume the earlier value. */
export function isAbandoned(batch: InFlightBatch): boolean {
  return batch.abandoned;
}
