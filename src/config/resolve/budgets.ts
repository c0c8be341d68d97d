/** How memory and work of a run are shared out where the user does not say. */
import type { BatchSizeLimits } from '../../core/batch-size.js';
import type { ResolvedConfig } from '../keys/resolved.js';

const KIB = 1_024;

/**
 * A batch that passes through unchanged fills one block: room for 16,000 records of a hundred bytes. One that
 * a transform answers fills two.
 */
const BLOCK_BYTES_DEFAULT_MAX = { passThrough: 2 * KIB * KIB, transform: KIB * KIB } as const;
const BLOCK_BYTES_MIN = 16 * KIB;
/**
 * Batches that read, wait for delivery or are on the way, besides two a thread: few are best for the caches.
 */
const BATCHES_BESIDE_THREADS = 4;

/**
 * How long a worker should be busy with a batch: longer ones no longer fit the processor's caches
 * (docs/DESIGN.md §9)…
 */
const BATCH_WORK_MS = 10;
/** …but a batch costs the main thread most of a millisecond, and it serves all workers. */
const BATCH_WORK_MS_PER_THREAD = 2;
/**
 * Of asynchronous transforms a batch holds this many times what is under way at once: at its end the worker
 * idles.
 */
const BATCH_CONCURRENCIES_MIN = 8;

/** The producer's queue and the blocks share `in-flight.bytes-max` three to five: of 64 MiB, 24 and 40. */
export function producerQueueBytes(inFlightBytesMax: number): number {
  return Math.floor((inFlightBytesMax * 3) / 8);
}

/**
 * `batch.records-max` where it is not set: several batches must fit into what may be in flight, or reading,
 * working and writing wait for each other.
 */
export function defaultBatchRecords(recordsMax: number, inFlightRecordsMax: number): number {
  return Math.min(recordsMax, Math.max(1, Math.floor(inFlightRecordsMax / BATCHES_BESIDE_THREADS)));
}

/** Batches read and not yet settled. */
export function inFlightBatchesMax(threads: number): number {
  return BATCHES_BESIDE_THREADS + 2 * Math.max(1, threads);
}

/**
 * `batch.bytes-max: auto`: every batch that may be in flight has its two blocks, input and output, and every
 * thread one more for results that outgrow theirs. Whole KiB.
 */
export function autoBatchBytes(
  inFlightBytesMax: number,
  threads: number,
  kind: keyof typeof BLOCK_BYTES_DEFAULT_MAX,
): number {
  const blockBytes =
    (inFlightBytesMax - producerQueueBytes(inFlightBytesMax)) / (2 * inFlightBatchesMax(threads) + threads);
  return Math.min(
    BLOCK_BYTES_DEFAULT_MAX[kind],
    Math.max(BLOCK_BYTES_MIN, Math.floor(blockBytes / KIB) * KIB),
  );
}

/** What a batch may hold, by what its transform turns out to take. */
export function batchSizeLimits(
  job: Pick<ResolvedConfig['dispatcher'], 'ordering' | 'concurrency' | 'threads' | 'batch'>,
): BatchSizeLimits {
  const { recordsMax } = job.batch;
  // Batches of one partition must hold all that lies there in a row: of several small ones only the first is
  // worked at.
  const recordsMin = job.ordering === 'partition' ? recordsMax : BATCH_CONCURRENCIES_MIN * job.concurrency;
  return { recordsMin, recordsMax, workMs: Math.max(BATCH_WORK_MS, BATCH_WORK_MS_PER_THREAD * job.threads) };
}
