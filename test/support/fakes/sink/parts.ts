import type { BatchId, Block, PartitionId, Segment } from '../../../../src/core/batch.js';
import type { DeliveryFailure, OutputTopic } from '../../../../src/ports/sink.js';
import { readInputBatch } from '../../../../src/wire/input-batch.js';
import { Outcome, RowFlag } from '../../../../src/wire/layout.js';
import { OutputBatchReader } from '../../output-reader.js';
import { offsetOfRow, segmentOf } from '../batch-rows.js';

/** A source row as it was read. */
export type Place = Pick<SentRow, 'id' | 'epoch' | 'offset'>;

/** A row in flight: what a checker must know of it. */
export interface SentRow {
  readonly id: PartitionId;
  readonly epoch: number;
  readonly offset: number;
  readonly topic: string;
  readonly deadLetter: boolean;
  /** The topic has no such partition, so the row is refused before it is sent. */
  readonly nowhere: boolean;
  /** Its epoch was over when it was handed over. */
  readonly stale: boolean;
}

export interface SinkObserver {
  handedOver(row: SentRow): void;
  /**
   * The part is settled; `answered` are the source rows that it answers, including those without output rows.
   */
  settled(
    answered: readonly Place[],
    acknowledged: readonly SentRow[],
    undelivered: readonly SentRow[],
  ): void;
  violation(what: string): void;
}

export type PartRow = SentRow & { readonly outputRow: number };

/** What one call of `write` gave. */
export interface Part {
  readonly batchId: BatchId;
  readonly part: number;
  readonly input: Block;
  readonly output: Block;
  /** Set when the part is read to be sent. */
  rows: readonly PartRow[] | undefined;
  /** Rows in flight, in a message set. */
  readonly pending: Set<PartRow>;
  readonly failures: DeliveryFailure[];
  readonly failed: Set<PartRow>;
  answered: readonly Place[];
  over: boolean;
}

export function newPart(batchId: BatchId, part: number, input: Block, output: Block): Part {
  return {
    batchId,
    part,
    input,
    output,
    rows: undefined,
    pending: new Set(),
    failures: [],
    failed: new Set(),
    answered: [],
    over: false,
  };
}

/** As the native writer does when it sends a part: reads the rows, and which of them are stale. */
export function readPart(
  part: Part,
  topics: readonly OutputTopic[],
  isStale: (segment: Segment) => boolean,
): void {
  const { segments } = readInputBatch(part.input);
  const reader = new OutputBatchReader(part.output.bytes);
  const { firstSourceRow, sourceRowCount, rowCount, identityTopic } = reader.header;
  const place = (row: number): { segment: Segment; offset: number } => ({
    segment: segmentOf(segments, row),
    offset: offsetOfRow(part.input.bytes, row),
  });
  const answered = [];
  for (let row = firstSourceRow; row < firstSourceRow + sourceRowCount; row += 1) {
    if (reader.outcome(row) === Outcome.elsewhere) continue;
    const { segment, offset } = place(row);
    answered.push({ id: segment.partitionId, epoch: segment.epoch, offset });
  }
  const rows = [];
  for (let index = 0; index < (identityTopic === undefined ? rowCount : sourceRowCount); index += 1) {
    const sourceRow = reader.sourceRow(index);
    const { segment, offset } = place(sourceRow);
    const flags = identityTopic === undefined ? reader.flags(index) : 0;
    const number = reader.topic(index);
    const topic = topics.find((one) => one.number === number);
    const partition = identityTopic === undefined ? reader.record(index).partition : undefined;
    rows.push({
      id: segment.partitionId,
      epoch: segment.epoch,
      offset,
      topic: topic?.name ?? '?',
      deadLetter: (flags & RowFlag.deadLetter) !== 0,
      nowhere: partition !== undefined && partition >= (topic?.partitionCount ?? 0),
      outputRow: identityTopic === undefined ? index : sourceRow,
      stale: isStale(segment),
    });
  }
  part.answered = answered;
  part.rows = rows;
}
