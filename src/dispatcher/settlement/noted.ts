import type { Segment } from '../../core/batch.js';
import type { SettledRows } from '../../ports/receipts.js';
import { ackedBySegment, inputHash } from '../../wire/acknowledged-notes.js';
import type { InFlightBatch } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import type { Totals } from './totals.js';

/**
 * Passes what was acknowledged of a batch to the receipt. Also for batches that are read again: their results
 * are in Kafka.
 */
export function noteAcknowledged({ deps, topicNames }: RunState, batch: InFlightBatch): void {
  const { receipts } = deps;
  if (receipts === undefined) return;
  const nameOf = (topic: number): string => topicNames.get(topic) ?? `number ${topic}`;
  for (const { notes } of batch.parts) if (notes !== undefined) receipts.acknowledged(notes, nameOf);
}

/** Passes the settled rows of a batch to the receipt; `live`: what is settled of its segments. */
export function noteSettled(
  { deps }: RunState,
  batch: InFlightBatch,
  live: readonly Segment[],
  { transformedRows: transformed, filtered, deadLettered }: Totals,
): void {
  const { receipts, describe } = deps;
  if (receipts === undefined || live.length === 0) return;
  const outputs = outputsBySegment(batch);
  const rows = live.map((segment) => {
    const index = batch.input.segments.findIndex(({ firstRow }) => firstRow === segment.firstRow);
    return {
      ...describe(segment.partitionId),
      ...rowsOf(batch, segment, index),
      outputs: outputs[index] ?? 0,
    };
  });
  receipts.settled(batch.input.block.bytes, rows, { transformed, filtered, deadLettered });
}

/** `segment`: the one with this index, or its first rows. */
function rowsOf(
  batch: InFlightBatch,
  { firstRow, rowCount, firstOffset, lastOffset }: Segment,
  index: number,
): Omit<SettledRows, 'topic' | 'partition' | 'outputs'> {
  const isWhole = batch.input.segments[index]?.rowCount === rowCount;
  const last = isWhole ? lastOffset : batch.offsetOf(firstRow + rowCount - 1);
  const [part] = batch.parts;
  // Rows that pass through unchanged are hashed once: when they are written.
  const known = isWhole && batch.parts.length === 1 && part?.sourceRowCount === batch.input.rowCount;
  const hash =
    known && part.notes !== undefined ? inputHash(part.notes, index, firstRow, rowCount) : undefined;
  return { firstRow, rowCount, from: firstOffset, to: last + 1, hash };
}

/** Parts whose rows were answered again do not count. */
function outputsBySegment(batch: InFlightBatch): readonly number[] {
  const outputs = new Array<number>(batch.input.segments.length).fill(0);
  for (const { notes, void: isVoid } of batch.parts) {
    if (notes === undefined || isVoid) continue;
    ackedBySegment(notes).forEach((rows, index) => {
      outputs[index] = (outputs[index] ?? 0) + rows;
    });
  }
  return outputs;
}
