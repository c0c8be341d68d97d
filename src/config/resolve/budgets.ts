/** Divides a run's memory and work into shares where the user does not set them. */
import type { BatchSizeLimits } from '../../core/flow/batch-size.js';
import type { ResolvedConfig } from '../keys/resolved.js';

const KIB = 1_024;

/**
 * Room for 8,000 records of a hundred bytes. With few threads the budget then has blocks for twice as many
 * batches as may be full: small ones must not wait for a block until others are acknowledged.
 */
const BLOCK_BYTES_DEFAULT_MAX = KIB * KIB;
const BLOCK_BYTES_MIN = 16 * KIB;
/**
 * Batches that are being read or wait for delivery, besides two per thread. Few batches keep the caches warm.
 */
const BATCHES_BESIDE_THREADS = 4;

/**
 * How long a worker should be busy with a batch: longer ones no longer fit the processor's caches
 * (docs/DESIGN.md §9)…
 */
const BATCH_WORK_MS = 10;
/** …but each batch costs the main thread almost a millisecond, and that thread serves all workers. */
const BATCH_WORK_MS_PER_THREAD = 2;
/**
 * A batch for an asynchronous transform holds this many times `concurrency`: at the end of each batch the
 * worker idles.
 */
const BATCH_CONCURRENCIES_MIN = 8;

/**
 * The producer's queue and the blocks share `in-flight.bytes-max` in a ratio of three to five: 64 MiB become
 * 24 and 40.
 */
export function producerQueueBytes(inFlightBytesMax: number): number {
  return Math.floor((inFlightBytesMax * 3) / 8);
}

/**
 * `batch.records-max` when it is not set: several batches must fit into the in-flight limit, or reading,
 * transforming and writing wait for each other.
 */
export function defaultBatchRecords(recordsMax: number, inFlightRecordsMax: number): number {
  return Math.min(recordsMax, Math.max(1, Math.floor(inFlightRecordsMax / BATCHES_BESIDE_THREADS)));
}

/** Batches read and not yet settled. */
export function inFlightBatchesMax(threads: number): number {
  return BATCHES_BESIDE_THREADS + 2 * Math.max(1, threads);
}

/**
 * `batch.bytes-max: auto`: every batch in flight has two blocks, input and output, and every thread has one
 * more for results that outgrow theirs. Whole KiB.
 */
export function autoBatchBytes(inFlightBytesMax: number, threads: number): number {
  const blockBytes =
    (inFlightBytesMax - producerQueueBytes(inFlightBytesMax)) / (2 * inFlightBatchesMax(threads) + threads);
  return Math.min(BLOCK_BYTES_DEFAULT_MAX, Math.max(BLOCK_BYTES_MIN, Math.floor(blockBytes / KIB) * KIB));
}

/** Limits a batch by the time that its transform takes. */
export function batchSizeLimits(
  job: Pick<ResolvedConfig['dispatcher'], 'ordering' | 'concurrency' | 'threads' | 'batch'>,
): BatchSizeLimits {
  const { recordsMax } = job.batch;
  // With `ordering: partition` only one batch of a partition is worked on at a time, so a batch must hold
  // everything that is waiting there.
  const recordsMin = job.ordering === 'partition' ? recordsMax : BATCH_CONCURRENCIES_MIN * job.concurrency;
  return { recordsMin, recordsMax, workMs: Math.max(BATCH_WORK_MS, BATCH_WORK_MS_PER_THREAD * job.threads) };
}
