import type { TopicRows } from '../../ports/transform-pool.js';
import { HEADER_BYTES, OUTPUT_ROW_BYTES } from '../../wire/layout.js';
import { OutputBatchWriter } from '../../wire/output-writer.js';
import type { ResultWriter } from './result-writer.js';
import { isMarked, RESULT } from './results.js';
import { Written } from './written.js';

const FIRST_BYTES = 64 * 1024;

export interface Overflow {
  readonly part: Uint8Array;
  /** How many of the pending rows were written; the rest is left to the next task. */
  readonly rowsDone: number;
  readonly status: Written;
  readonly outputRows: number;
  readonly emitted: TopicRows;
  readonly payloadBytes: number;
}

/**
 * Writes results that are already computed but have no room in the output block into separate memory: private
 * while it grows, then copied into shared memory of exactly its size. Limited to about `bytesMax` in total; a
 * single record beyond that is rejected as too large.
 */
export function writeOverflow(
  results: ResultWriter,
  firstRow: number,
  pending: readonly unknown[],
  bytesMax: number,
): Overflow {
  const block = results.writer;
  const writer = new OutputBatchWriter();
  const rowsMax = pending.reduce<number>((sum, result) => sum + rowsOf(result), 0);
  const fixedBytes = HEADER_BYTES + pending.length + rowsMax * OUTPUT_ROW_BYTES + 64;
  let memory = new Uint8Array(alignedSize(fixedBytes + FIRST_BYTES));
  writer.open(memory, { firstSourceRow: firstRow, sourceRowsMax: pending.length, rowsMax });
  results.writer = writer;
  let status: Written = Written.done;
  let rowsDone = 0;
  try {
    for (; rowsDone < pending.length; rowsDone++) {
      const row = firstRow + rowsDone;
      for (status = results.write(row, pending[rowsDone]); isFull(status); ) {
        const atCeiling = memory.length - fixedBytes >= bytesMax * 2;
        if (atCeiling && rowsDone > 0) break;
        if (!atCeiling || status === Written.fullOfDeadLetter) {
          memory = new Uint8Array(alignedSize(fixedBytes + (memory.length - fixedBytes) * 2));
          writer.moveTo(memory);
          status = results.write(row, pending[rowsDone]);
        } else status = results.rejectTooLarge(row);
      }
      if (status !== Written.done) break;
      if (rowsDone + 1 < pending.length && writer.payloadBytes >= bytesMax) {
        rowsDone += 1;
        break;
      }
    }
  } finally {
    results.writer = block;
  }
  writer.finish(rowsDone);
  const part = new Uint8Array(new SharedArrayBuffer(alignedSize(writer.payloadEnd)));
  writer.shrinkInto(part);
  // A full overflow part needs no special handling: the next task runs the rest.
  return {
    part,
    rowsDone,
    status: isFull(status) ? Written.done : status,
    outputRows: writer.rowCount,
    emitted: writer.rowsByTopic(),
    payloadBytes: writer.payloadBytes,
  };
}

export function isFull(status: Written): boolean {
  return status === Written.full || status === Written.fullOfDeadLetter;
}

function rowsOf(result: unknown): number {
  if (!isMarked(result) || result[RESULT] !== 'emitAll' || !Array.isArray(result.results)) return 1;
  return Math.max(1, result.results.length);
}

function alignedSize(bytes: number): number {
  return (bytes + 7) & ~7;
}
