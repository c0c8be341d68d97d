import type { Settled } from '../../ports/sink.js';
import { describeOutputRow, type InFlightBatch, type Part } from '../in-flight-batch.js';

/** Counts the part's acknowledged rows by topic. Reads single rows only if some were not acknowledged. */
export function countEmitted(
  batch: InFlightBatch,
  part: Part,
  { failures, stale }: Pick<Settled, 'failures' | 'stale'>,
  isOpen: (sourceRow: number) => boolean,
): void {
  for (const [topic, rows] of part.emitted) add(batch, topic, rows);
  const failed = new Set(failures.map(({ outputRow }) => outputRow));
  for (const row of failed) takeBack(batch, part, row);
  // If a partition was lost, the writer skips everything from some row on.
  const first = part.identity ? part.firstSourceRow : 0;
  const count = part.identity ? part.sourceRowCount : part.outputRows;
  let left = stale;
  for (let row = first + count - 1; left > 0 && row >= first; row--) {
    if (failed.has(row) || isOpen(describeOutputRow(part, row).sourceRow)) continue;
    takeBack(batch, part, row);
    left--;
  }
}

function takeBack(batch: InFlightBatch, part: Part, row: number): void {
  const { topicNumber, deadLetter } = describeOutputRow(part, row);
  if (!deadLetter && batch.emitted.has(topicNumber)) add(batch, topicNumber, -1);
}

function add(batch: InFlightBatch, topic: number, rows: number): void {
  batch.emitted.set(topic, (batch.emitted.get(topic) ?? 0) + rows);
}
