import type { Block, PartitionId } from '../core/batch.js';
import type { BatchSizeLimits } from '../core/batch-size.js';
import type { RunBooks } from '../core/books/run-books.js';
import type { Clock } from '../ports/clock.js';
import type { Commits } from '../ports/commits.js';
import type { Group } from '../ports/group.js';
import type { Logger } from '../ports/logger.js';
import type { Sink } from '../ports/sink.js';
import type { EndOffset, Source } from '../ports/source.js';
import type { TransformPool } from '../ports/transform-pool.js';

export interface DispatcherDeps {
  readonly source: Source;
  /** Undefined: the source gives its partitions once and wants none back. */
  readonly group?: Group;
  readonly commits: Commits;
  readonly sink: Sink;
  readonly pool: TransformPool;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes a block over shared memory. */
  readonly createBlock: (bytes: number, id: number) => Block;
  /** Topic and partition of an id, for messages and the summary. */
  readonly describe: (partitionId: PartitionId) => { readonly topic: string; readonly partition: number };
  /** [new ones] Counted on: those of the legs before this one. */
  readonly books?: RunBooks;
  /** Called once, when all has started and records may flow. */
  readonly running?: () => void;
}

export interface DispatcherSettings {
  /**
   * Results are released in read order per partition, with one batch a partition in flight, or as they
   * complete.
   */
  readonly ordering: 'output' | 'partition' | 'none';
  /** A bounded run stops when every partition has been settled up to the end offset seen at the start. */
  readonly until: 'end' | 'forever';
  /** Ends seen at the start of an earlier leg: a bounded run keeps them. */
  readonly ends?: readonly EndOffset[];
  readonly blockBytes: number;
  /** For blocks, input and output together. */
  readonly blocksBytesMax: number;
  readonly inFlightRecordsMax: number;
  /** Batches read and not yet settled, offered blocks included. Few are best: caches. */
  readonly inFlightBatchesMax: number;
  /** Records in one batch: what an offered block may bring. */
  readonly batchSize: BatchSizeLimits;
  readonly drainTimeoutMs: number;
  readonly rebalanceDrainTimeoutMs: number;
  /** No delivery for this long although records wait for one: the run stops. */
  readonly stallTimeoutMs: number;
  /** How often settled offsets are handed to the consumer for its next commit. */
  readonly storeIntervalMs: number;
  /**
   * Output topics known before the start (the default one, the dead-letter topic): asked for before anything
   * is read, so a missing one is told at once.
   */
  readonly outputTopics: readonly string[];
  /** More dead letters than this among the latest records end the run; 100: never. */
  readonly deadLettersMaxPercent: number;
  /** A record that names a topic which does not exist: it is rejected, or the run stops at it. */
  readonly unknownTopic: 'reject' | 'stop';
}

/** Named bounds that no one needs to set. */
export const Limits = {
  /** Runs of one range that ended in a death which blamed no record, before the range is bisected. */
  blamelessDeathsMax: 3,
  /** The records that the share of dead letters is taken of, and how many of those it takes to end a run. */
  shareWindowRecords: 10_000,
  shareDeadLettersMin: 100,
  /** Smaller batches are counted together. */
  shareStretchRecords: 100,
  /** Distinct output topics of a run. */
  outputTopicsMax: 1000,
  /** A topic that does not exist is asked for again after this long. */
  unknownTopicMs: 10_000,
  destinationBackoffMs: 500,
  destinationBackoffMaxMs: 10_000,
  /** Batches that run in small pieces after a delivery failed for its neighbour's sake. */
  isolatedBatchesMax: 20,
  offeredBlocksMax: 2,
  /** Between two tries to read on from the same offset, doubled each time. */
  readFaultBackoffMs: 100,
  readFaultBackoffMaxMs: 10_000,
  /** No broker takes us and nothing moves for this long: not ready. */
  troubleStillMs: 3_000,
  tickMs: 250,
  committedPollMs: 1000,
  /** Delivery silent for this long with records waiting: a line in the log. */
  stallWarnMs: 10_000,
  /** Nothing assigned for this long: a line in the log, and again. */
  unassignedWarnMs: 15_000,
  unassignedWarnAgainMs: 60_000,
  /** The last stable offset has not moved for this long, below the end of its log: a line in the log. */
  stableStillMs: 45_000,
  /** An assignment without partitions that has lasted this long: a spare member, not one that still joins. */
  spareSettledMs: 5_000,
  /** Equal reports of a quiet partition in a row; the first may be from before a seek. */
  tailReports: 3,
  /** What is left of a deadline for closing the clients after a cut drain. */
  closeTimeoutMs: 3500,
  /** Clients keep their deadline by themselves; one that does not is given up this much later. */
  closeSlackMs: 500,
  /** For tasks of a drain that was cut, to heed the signal that tells them. */
  cutTasksMs: 1000,
} as const;
