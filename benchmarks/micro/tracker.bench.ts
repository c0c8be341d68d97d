/**
 * The main thread's cost of a batch: tracking its segments and releasing it in order. Per batch, not per
 * record.
 */
import type { Bench } from 'tinybench';
import type { Segment } from '../../src/core/batch.js';
import { CompletionRing } from '../../src/core/completion-ring.js';
import { Partitions } from '../../src/dispatcher/partitions/partitions.js';

export const TRACKED_BATCHES = 100;
const PARTITIONS = 8;
const ROWS = 500;

export function addTrackerTasks(bench: Bench): void {
  const partitions = new Partitions();
  const next = new Map<number, number>();
  for (let partitionId = 0; partitionId < PARTITIONS; partitionId++) {
    partitions.open({ partitionId, topic: 'in', partition: partitionId }, 0);
    next.set(partitionId, 0);
  }
  let batchId = 0;
  const segmentsOfBatch = (): Segment[] =>
    Array.from({ length: PARTITIONS }, (_, partitionId) => {
      const firstOffset = next.get(partitionId) ?? 0;
      next.set(partitionId, firstOffset + ROWS);
      return {
        partitionId,
        epoch: 1,
        firstRow: partitionId * ROWS,
        rowCount: ROWS,
        firstOffset,
        lastOffset: firstOffset + ROWS - 1,
      };
    });
  bench.add('core: 100 batches of 8 segments tracked, settled out of order, committed', () => {
    const batches = Array.from({ length: TRACKED_BATCHES }, () => ({
      id: ++batchId,
      segments: segmentsOfBatch(),
    }));
    for (const batch of batches) {
      for (const segment of batch.segments) {
        partitions.add(segment, batch.id);
      }
    }
    for (const batch of batches.reverse()) {
      for (const segment of batch.segments) {
        partitions.current(segment.partitionId, segment.epoch)?.settle(segment, batch.id);
      }
    }
    partitions.takeChanged();
  });
  const partitionIds = Array.from({ length: PARTITIONS }, (_, id) => id);
  const ring = new CompletionRing();
  let ringId = 0;
  bench.add('core: 100 batches completed out of order and released in order', () => {
    const first = ringId + 1;
    for (let i = 0; i < TRACKED_BATCHES; i++) {
      ring.push(++ringId, partitionIds);
    }
    for (let id = ringId; id >= first; id--) {
      ring.complete(id);
    }
    ring.takeReleasable();
  });
}
