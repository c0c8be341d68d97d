import type { Block, PartitionId } from '../core/batch.js';
import type { RunBooks } from '../core/books/run-books.js';
import type { BatchSizeLimits } from '../core/flow/batch-size.js';
import type { Rate } from '../core/flow/rate-limit.js';
import type { Clock } from '../ports/clock.js';
import type { Commits } from '../ports/commits.js';
import type { Group } from '../ports/group.js';
import type { Logger } from '../ports/logger.js';
import type { Receipts } from '../ports/receipts.js';
import type { Sink } from '../ports/sink.js';
import type { EndOffset, Source } from '../ports/source.js';
import type { Throttle } from '../ports/throttle.js';
import type { BatchTracer } from '../ports/tracing.js';
import type { TransformPool } from '../ports/transform-pool.js';

export interface DispatcherDeps {
  readonly source: Source;
  /** Undefined: the source assigns its partitions once and never revokes them. */
  readonly group?: Group;
  readonly commits: Commits;
  readonly sink: Sink;
  readonly pool: TransformPool;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Allocates a block over shared memory. */
  readonly createBlock: (bytes: number, id: number) => Block;
  /** Topic and partition of an id, for messages and the summary. */
  readonly describe: (partitionId: PartitionId) => { readonly topic: string; readonly partition: number };
  /** [new ones] The counters to continue: those of earlier legs. */
  readonly books?: RunBooks;
  /** Notes what is settled, ahead of each commit. */
  readonly receipts?: Receipts;
  /** Undefined: no other group limits how fast records are read. */
  readonly throttle?: Throttle;
  /** Undefined: batches are not traced. */
  readonly tracer?: BatchTracer;
  /** Called once, when everything has started and records may flow. */
  readonly running?: () => void;
}

export interface DispatcherSettings {
  /**
   * Results are released in read order per partition, with one batch per partition in flight, or as they
   * complete.
   */
  readonly ordering: 'output' | 'partition' | 'none';
  /** A bounded run stops when every partition has been settled up to the end offset seen at the start. */
  readonly until: 'end' | 'forever';
  /** End offsets from an earlier leg, or given by the user: a bounded run keeps them. */
  readonly ends?: readonly EndOffset[];
  /** Nothing is read of topics and partitions that `ends` does not name. */
  readonly readsOnlyEnds?: boolean;
  readonly blockBytes: number;
  /** Memory for blocks, input and output together. */
  readonly blocksBytesMax: number;
  readonly inFlightRecordsMax: number;
  /** Undefined: as fast as possible. */
  readonly rate?: Rate;
  /** Batches read and not yet settled, including offered blocks. Few are best for the caches. */
  readonly inFlightBatchesMax: number;
  /** Limits for the records of one batch: how many an offered block may hold. */
  readonly batchSize: BatchSizeLimits;
  readonly drainTimeoutMs: number;
  readonly rebalanceDrainTimeoutMs: number;
  /** The run stops after this time without a delivery although records wait for one. */
  readonly stallTimeoutMs: number;
  /** How often settled offsets are passed to the consumer for its next commit. */
  readonly storeIntervalMs: number;
  /**
   * Output topics known before the start (the default one, the dead-letter topic). They are looked up before
   * anything is read, so a missing one is reported immediately.
   */
  readonly outputTopics: readonly string[];
  /** The run ends if more than this percentage of the latest records are dead letters; 100: never. */
  readonly deadLettersMaxPercent: number;
  /** A record that names a topic that does not exist is rejected, or stops the run. */
  readonly unknownTopic: 'reject' | 'stop';
}

/** Limits that users need not set. */
export const Limits = {
  /** How often a range may run into a worker death that blamed no record, before the range is bisected. */
  blamelessDeathsMax: 3,
  /**
   * The number of records over which the share of dead letters is computed, and the minimum of dead letters
   * that ends a run.
   */
  shareWindowRecords: 10_000,
  shareDeadLettersMin: 100,
  /** Smaller batches are counted together. */
  shareStretchRecords: 100,
  /** Distinct output topics per run. */
  outputTopicsMax: 1000,
  /** A topic that does not exist is looked up again after this time. */
  unknownTopicMs: 10_000,
  destinationBackoffMs: 500,
  destinationBackoffMaxMs: 10_000,
  /** How many batches run in small pieces after a delivery failed because of a neighbour. */
  isolatedBatchesMax: 20,
  offeredBlocksMax: 2,
  /** A batch is small if this many of it would not fill a block. */
  smallBatchesPerBlock: 8,
  /** Up to this many times `inFlightBatchesMax` batches may be in flight while they are small. */
  smallBatchesPerFull: 2,
  /** The pause between two attempts to read from the same offset, doubled each time. */
  readFaultBackoffMs: 100,
  readFaultBackoffMaxMs: 10_000,
  /** The run is not ready when no broker accepts the client and nothing moves for this long. */
  troubleStillMs: 3_000,
  tickMs: 250,
  committedPollMs: 1000,
  /** How long partitions are not opened because the ends of a bounded run are not known yet. */
  endsWaitMs: 2_000,
  /** How often a bounded run asks whether its logs still are those that it saw at its start. */
  endCheckMs: 5_000,
  /** A warning is logged when no delivery was acknowledged for this long with records waiting. */
  stallWarnMs: 10_000,
  /** A warning is logged, repeatedly, when nothing is assigned for this long. */
  unassignedWarnMs: 15_000,
  unassignedWarnAgainMs: 60_000,
  /**
   * A warning is logged when the last stable offset has not moved for this long, below the end of the log.
   */
  stableStillMs: 45_000,
  /** A warning is logged when a partition has had no leader for this long. */
  leaderlessWarnMs: 10_000,
  /** After this time an assignment without partitions means a spare member, not one that is still joining. */
  spareSettledMs: 5_000,
  /** How many equal reports of a quiet partition are needed; the first may be from before a seek. */
  tailReports: 3,
  /** The remaining time for closing the clients after a drain was cut. */
  closeTimeoutMs: 3500,
  /** Clients keep their deadline themselves; one that does not is given up this much later. */
  closeSlackMs: 500,
  /** How long tasks of a cut drain may take to respect the signal. */
  cutTasksMs: 1000,
} as const;
