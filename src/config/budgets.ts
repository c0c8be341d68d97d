/** How the memory of a run is shared out where the user does not say. */

const KIB = 1_024;

/** Larger blocks save nothing more; smaller ones cost the main thread more per record (benchmarks/RESULTS.md). */
const BLOCK_BYTES_DEFAULT_MAX = 2 * KIB * KIB;
const BLOCK_BYTES_MIN = 16 * KIB;
/** Batches that read, wait for delivery or are on the way, besides two a thread: few are best for the caches. */
const BATCHES_BESIDE_THREADS = 4;

/** The producer's queue and the blocks share `in-flight.bytes-max` three to five: of 64 MiB, 24 and 40. */
export function producerQueueBytes(inFlightBytesMax: number): number {
  return Math.floor((inFlightBytesMax * 3) / 8);
}

/** Batches read and not yet settled. */
export function inFlightBatchesMax(threads: number): number {
  return BATCHES_BESIDE_THREADS + 2 * Math.max(1, threads);
}

/** `batch.bytes-max: auto`: such that every batch that may be in flight has its two blocks, input and output. Whole KiB. */
export function autoBatchBytes(inFlightBytesMax: number, threads: number): number {
  const blockBytes = (inFlightBytesMax - producerQueueBytes(inFlightBytesMax)) / (2 * inFlightBatchesMax(threads));
  return Math.min(BLOCK_BYTES_DEFAULT_MAX, Math.max(BLOCK_BYTES_MIN, Math.floor(blockBytes / KIB) * KIB));
}
