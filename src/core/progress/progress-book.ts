import { type PartitionWork, type Progress, progressOf } from './progress.js';
import { RateWindow } from './rate-window.js';

/** A partition of a bounded run, as it is seen now. */
export interface SeenPartition {
  readonly topic: string;
  readonly partition: number;
  /** A topic that was created again has another one, and other records. */
  readonly topicId: string | undefined;
  /** The first offset of the job. */
  readonly low: number;
  /** Where this run found the group; undefined: not known yet. */
  readonly begun: number | undefined;
  readonly until: number;
  readonly settled: number;
}

export interface SeenRun {
  /** Undefined: the run has no end, or it is not known yet. */
  readonly partitions: readonly SeenPartition[] | undefined;
  readonly consumed: number;
  readonly bytesIn: number;
}

/** The records that a run is about. */
export interface RunRange {
  /** In offsets, `[from, until)`; empty: the run has no end, or it is not known yet. */
  readonly partitions: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly from: number;
    readonly until: number;
  }[];
  /** The lowest and the highest timestamp among the records that this process read; null: none. */
  readonly firstTimestamp: string | null;
  readonly lastTimestamp: string | null;
}

interface Entry {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string | undefined;
  readonly low: number;
  readonly until: number;
  begun: number;
  isPlaced: boolean;
  settled: number;
}

/** The progress of a whole run: kept across rebalances and reloads, so that it never goes back. */
export class ProgressBook {
  readonly #entries = new Map<string, Entry>();
  readonly #rates = new RateWindow();
  #fromLow = false;
  #seen: SeenRun = { partitions: undefined, consumed: 0, bytesIn: 0 };
  #isComplete = false;
  #firstTimestampMs = Number.POSITIVE_INFINITY;
  #lastTimestampMs = Number.NEGATIVE_INFINITY;

  /** The work of a job begins at its first offset, not where this run found the group. */
  countFromLow(): void {
    this.#fromLow = true;
  }

  see(atMs: number, seen: SeenRun): void {
    this.#seen = seen;
    for (const one of seen.partitions ?? []) this.#seePartition(one);
    // The work that others did before this run is not counted: it says nothing about the speed.
    let moved = 0;
    for (const { begun, settled } of this.#entries.values()) moved += settled - begun;
    this.#rates.sample(atMs, seen.partitions === undefined ? seen.consumed : moved);
  }

  /** Timestamps of a batch that was read; -1: none. */
  read(firstTimestampMs: number, lastTimestampMs: number): void {
    if (firstTimestampMs < 0) return;
    this.#firstTimestampMs = Math.min(this.#firstTimestampMs, firstTimestampMs);
    this.#lastTimestampMs = Math.max(this.#lastTimestampMs, lastTimestampMs);
  }

  /** The run has reached its end, and nobody is expected to do more. */
  complete(): void {
    this.#isComplete = true;
  }

  /** The range is known: where the work begins in each partition, and where it ends. */
  get isPlaced(): boolean {
    return this.#seen.partitions !== undefined && [...this.#entries.values()].every((one) => one.isPlaced);
  }

  progress(): Progress {
    const { partitions, consumed, bytesIn } = this.#seen;
    const isComplete = this.#isComplete;
    const rates = this.#rates.rates(isComplete);
    const work = partitions === undefined ? undefined : this.#work();
    return progressOf({ work, isComplete, consumed, bytesIn, rates });
  }

  range(): RunRange {
    return {
      partitions: this.#work().map(({ topic, partition, from, until }) => ({
        topic,
        partition,
        from,
        until,
      })),
      firstTimestamp: timeOf(this.#firstTimestampMs),
      lastTimestamp: timeOf(this.#lastTimestampMs),
    };
  }

  #work(): readonly PartitionWork[] {
    return [...this.#entries.values()].map(({ topic, partition, low, begun, until, settled }) => ({
      topic,
      partition,
      from: this.#fromLow ? low : begun,
      until,
      settled: this.#isComplete ? until : settled,
    }));
  }

  #seePartition({ topic, partition, topicId, low, begun, until, settled }: SeenPartition): void {
    const key = `${topic}/${partition}`;
    const known = this.#entries.get(key);
    const within = (offset: number): number => Math.min(Math.max(offset, low), Math.max(low, until));
    const found = within(begun ?? low);
    const entry = known?.until === until && known.topicId === topicId ? known : undefined;
    if (entry === undefined) {
      this.#entries.set(key, {
        topic,
        partition,
        topicId,
        low,
        until: Math.max(low, until),
        begun: found,
        isPlaced: begun !== undefined,
        settled: Math.max(found, within(settled)),
      });
      return;
    }
    entry.isPlaced ||= begun !== undefined;
    // Found later than at first sight, and nothing was done in between.
    if (entry.settled === entry.begun && found > entry.begun) entry.begun = found;
    entry.settled = Math.max(entry.settled, entry.begun, within(settled));
  }
}

function timeOf(timestampMs: number): string | null {
  if (!Number.isFinite(timestampMs)) return null;
  const time = new Date(timestampMs);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
