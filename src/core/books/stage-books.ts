import { type LatencyDistribution, LatencyHistogram } from './latency-histogram.js';
import { type SizeDistribution, SizeHistogram } from './size-histogram.js';

/** 1 … 131,072 records and 256 B … 32 MiB a batch. */
const RECORDS_BUCKETS = 18;
const BYTES_SMALLEST = 256;
const BYTES_BUCKETS = 18;

export interface StagesSnapshot {
  /** From the reading of a batch, or from the answer for its rows before, until a worker begins with it. */
  readonly waiting: LatencyDistribution;
  /** From the answer of a worker until its turn to be written comes. */
  readonly ordering: LatencyDistribution;
  /** From handing results to the writer until the last of them is acknowledged. */
  readonly producing: LatencyDistribution;
  readonly batchRecords: SizeDistribution;
  readonly batchBytes: SizeDistribution;
}

/** Where batches spend their time, and how large they are: counted per batch or part of one. */
export class StageBooks {
  readonly #waiting = new LatencyHistogram();
  readonly #ordering = new LatencyHistogram();
  readonly #producing = new LatencyHistogram();
  readonly #batchRecords = new SizeHistogram(1, RECORDS_BUCKETS);
  readonly #batchBytes = new SizeHistogram(BYTES_SMALLEST, BYTES_BUCKETS);

  read(records: number, bytes: number): void {
    this.#batchRecords.saw(records);
    this.#batchBytes.saw(bytes);
  }

  waited(ms: number): void {
    this.#waiting.record(Math.max(0, ms), 1);
  }

  ordered(ms: number): void {
    this.#ordering.record(Math.max(0, ms), 1);
  }

  produced(ms: number): void {
    this.#producing.record(Math.max(0, ms), 1);
  }

  snapshot(): StagesSnapshot {
    return {
      waiting: this.#waiting.distribution(),
      ordering: this.#ordering.distribution(),
      producing: this.#producing.distribution(),
      batchRecords: this.#batchRecords.distribution(),
      batchBytes: this.#batchBytes.distribution(),
    };
  }
}
