/** How far a run is, from what is settled in each partition. */

/** A partition of a bounded run. Offsets are counted, so gaps in the log count as records. */
export interface PartitionWork {
  readonly topic: string;
  readonly partition: number;
  /** The first offset of the work. */
  readonly from: number;
  /** The offset after the last one. */
  readonly until: number;
  /** Everything below is settled, by whichever member of the group. Within `[from, until]`. */
  readonly settled: number;
}

export interface Rates {
  /** Over the last ten seconds. */
  readonly now: number;
  /** Since the first record of this process. */
  readonly overall: number;
}

/** The slowest partition has the most left to do: it decides when the run ends. */
export interface SlowestPartition {
  readonly topic: string;
  readonly partition: number;
  readonly done: number;
  readonly toDo: number;
}

/**
 * A bounded run counts the work of all members of the group, in offsets: at most so many records. A run
 * without an end counts its own records, and leaves out what it can't know.
 */
export interface Progress {
  /** Rounded down; 100 only when the end is reached. Null: the run has no end, or it is not known yet. */
  readonly percent: number | null;
  readonly recordsDone: number;
  readonly recordsToDo: number | null;
  /** Estimated from the mean size of the records that this process read; null before it read any. */
  readonly bytesDoneEstimate: number | null;
  readonly bytesToDoEstimate: number | null;
  readonly recordsPerSecond: Rates;
  /** Null: nothing moves at the moment, so it can't be said. */
  readonly etaSeconds: number | null;
  readonly slowest: SlowestPartition | null;
}

export interface ProgressFacts {
  /** Undefined: no end, or not known yet. */
  readonly work: readonly PartitionWork[] | undefined;
  /** The end is reached and confirmed. */
  readonly isComplete: boolean;
  /** What this process read. */
  readonly consumed: number;
  readonly bytesIn: number;
  readonly rates: Rates;
}

/** The highest share shown for a run that is not complete. */
const UNFINISHED_PERCENT_MAX = 99.9;

export function progressOf({ work, isComplete, consumed, bytesIn, rates }: ProgressFacts): Progress {
  const meanBytes = consumed > 0 ? bytesIn / consumed : undefined;
  const bytesOf = (records: number): number | null =>
    meanBytes === undefined ? null : Math.round(records * meanBytes);
  const recordsPerSecond = { now: Math.round(rates.now), overall: Math.round(rates.overall) };
  if (work === undefined)
    return {
      percent: null,
      recordsDone: consumed,
      recordsToDo: null,
      bytesDoneEstimate: bytesOf(consumed),
      bytesToDoEstimate: null,
      recordsPerSecond,
      etaSeconds: null,
      slowest: null,
    };
  const recordsDone = work.reduce((sum, { from, settled }) => sum + settled - from, 0);
  const recordsToDo = work.reduce((sum, { until, settled }) => sum + until - settled, 0);
  return {
    percent: isComplete ? 100 : percentOf(recordsDone, recordsToDo),
    recordsDone,
    recordsToDo,
    bytesDoneEstimate: bytesOf(recordsDone),
    bytesToDoEstimate: bytesOf(recordsToDo),
    recordsPerSecond,
    etaSeconds: etaSeconds(recordsToDo, rates.now),
    slowest: slowestOf(work),
  };
}

function percentOf(done: number, toDo: number): number {
  if (toDo === 0) return UNFINISHED_PERCENT_MAX;
  // Rounded down to a tenth; the division comes last, so that 0.3 is not 0.30000000000000004.
  return Math.min(UNFINISHED_PERCENT_MAX, Math.floor((done / (done + toDo)) * 1000) / 10);
}

function etaSeconds(toDo: number, perSecond: number): number | null {
  if (toDo === 0) return 0;
  const seconds = Math.ceil(toDo / perSecond);
  return perSecond > 0 && Number.isSafeInteger(seconds) ? seconds : null;
}

function slowestOf(work: readonly PartitionWork[]): SlowestPartition | null {
  let slowest: PartitionWork | undefined;
  for (const one of work) {
    const left = one.until - one.settled;
    if (left > 0 && (slowest === undefined || left > slowest.until - slowest.settled)) slowest = one;
  }
  if (slowest === undefined) return null;
  const { topic, partition, from, until, settled } = slowest;
  return { topic, partition, done: settled - from, toDo: until - settled };
}
