/** Reads a little of each topic to learn the times of first and last records, sizes, and speed. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Logger } from '../../ports/logger.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import { readWith } from '../compose/reader.js';

/** Per topic; reading the times of first records may take a little longer. */
export const SAMPLE_RECORDS_MAX = 50_000;
export const SAMPLE_MS_MAX = 5_000;
/** Before the end of a range there may be transaction markers, which are not records. */
const TAIL_OFFSETS = 10;
/** Topics that are read; each takes a connection of its own, one after the other. */
const TOPICS_MAX = 20;

export interface SampledRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly until: number;
}

export interface Sample {
  /** ms since 1970 by {@link placeKey}; partitions without an answer are missing. */
  readonly firstMs: ReadonlyMap<string, number>;
  readonly lastMs: ReadonlyMap<string, number>;
  readonly records: number;
  /** Keys, values and headers. */
  readonly bytes: number;
  /** The same for each topic that was read. */
  readonly topics: ReadonlyMap<string, { readonly records: number; readonly bytes: number }>;
  /** From the request for records to the last batch of each topic. */
  readonly elapsedMs: number;
}

export function placeKey({ topic, partition }: Pick<SampledRange, 'topic' | 'partition'>): string {
  return `${topic} ${partition}`;
}

/** Joins no group. Ranges without records are left out. */
export async function takeSample(
  config: ResolvedConfig,
  logger: Logger,
  ranges: readonly SampledRange[],
): Promise<Sample> {
  const byTopic = new Map<string, SampledRange[]>();
  for (const range of ranges.filter(({ from, until }) => from < until))
    byTopic.set(range.topic, [...(byTopic.get(range.topic) ?? []), range]);
  const sampler = new Sampler(config, logger);
  for (const [topic, ofTopic] of [...byTopic].slice(0, TOPICS_MAX)) await sampler.read(topic, ofTopic);
  return sampler;
}

class Sampler implements Sample {
  readonly firstMs = new Map<string, number>();
  readonly lastMs = new Map<string, number>();
  readonly topics = new Map<string, { readonly records: number; readonly bytes: number }>();
  records = 0;
  bytes = 0;
  elapsedMs = 0;
  readonly #config: ResolvedConfig;
  readonly #logger: Logger;
  readonly #rows = new InputBatchReader();

  constructor(config: ResolvedConfig, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  async read(topic: string, ranges: readonly SampledRange[]): Promise<void> {
    await this.#readBeginnings(topic, ranges);
    const tails = ranges.map((one) => ({ ...one, from: Math.max(one.from, one.until - TAIL_OFFSETS) }));
    await this.#readRows(topic, tails, (row, place) => {
      this.lastMs.set(placeKey(place), this.#rows.timestamp(row));
    });
  }

  async #readBeginnings(topic: string, ranges: readonly SampledRange[]): Promise<void> {
    let lastMs = 0;
    let [records, bytes] = [0, 0];
    const missing = new Set(ranges.map(placeKey));
    const beganMs = await this.#readRows(
      topic,
      ranges,
      (row, place) => {
        records += 1;
        bytes += this.#bytesOf(row);
        if (missing.delete(placeKey(place))) this.firstMs.set(placeKey(place), this.#rows.timestamp(row));
      },
      () => {
        lastMs = performance.now();
        return records < SAMPLE_RECORDS_MAX || missing.size > 0;
      },
    );
    if (records === 0) return;
    this.records += records;
    this.bytes += bytes;
    this.topics.set(topic, { records, bytes });
    this.elapsedMs += lastMs - beganMs;
  }

  #bytesOf(row: number): number {
    const rows = this.#rows;
    const lengths = [rows.keyLength(row), rows.valueLength(row), rows.headersLength(row)] as const;
    return lengths.reduce((sum, length) => sum + Math.max(0, length), 0);
  }

  /** Rows after the end of a range are left out. Resolves with the moment when reading began. */
  async #readRows(
    topic: string,
    ranges: readonly SampledRange[],
    onRow: (row: number, place: Pick<SampledRange, 'topic' | 'partition'>) => void,
    goesOn: () => boolean = () => true,
  ): Promise<number> {
    let beganMs = 0;
    let timer: NodeJS.Timeout | undefined;
    const controller = new AbortController();
    // The time to connect is not part of the sample.
    const placed = (): void => {
      beganMs = performance.now();
      timer = setTimeout(() => controller.abort(), SAMPLE_MS_MAX);
    };
    const table = (pick: (range: SampledRange) => number) => ({
      kind: 'table' as const,
      file: '',
      offsets: new Map([[topic, new Map(ranges.map((one) => [one.partition, pick(one)]))]]),
    });
    await readWith(
      this.#config,
      'consumer',
      {
        topic,
        range: { from: table(({ from }) => from), until: table(({ until }) => until), groupId: undefined },
        placed,
        logger: this.#logger,
        signal: controller.signal,
      },
      (batch, partitionOf) => {
        this.#rows.open(batch.block.bytes);
        for (const { partitionId, firstRow, rowCount } of batch.segments) {
          const place = partitionOf(partitionId);
          for (let row = firstRow; row < firstRow + rowCount; row += 1)
            if (this.#rows.offset(row) < place.untilOffset) onRow(row, place);
        }
        return Promise.resolve(goesOn());
      },
    ).finally(() => clearTimeout(timer));
    return beganMs;
  }
}
