/** What reading a little of each topic tells: the times of first and last records, sizes, and speed. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Logger } from '../../ports/logger.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import { readWith } from '../compose/reader.js';

/** Per topic; the times of first records may need a little more. */
export const SAMPLE_RECORDS_MAX = 50_000;
export const SAMPLE_MS_MAX = 5_000;
/** Before the end of a range there may be transaction markers, which are no records. */
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
  readonly bytes: number;
  /** From the first to the last batch of each topic. */
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
    let beganMs: number | undefined;
    let records = 0;
    const missing = new Set(ranges.map(placeKey));
    await this.#readRows(
      topic,
      ranges,
      (row, place) => {
        records += 1;
        if (missing.delete(placeKey(place))) this.firstMs.set(placeKey(place), this.#rows.timestamp(row));
      },
      ({ packedBytes, rowCount }) => {
        beganMs ??= performance.now();
        this.records += rowCount;
        this.bytes += packedBytes;
        return records < SAMPLE_RECORDS_MAX || missing.size > 0;
      },
    );
    if (beganMs !== undefined) this.elapsedMs += performance.now() - beganMs;
  }

  /** Rows behind the end of a range are left out. */
  #readRows(
    topic: string,
    ranges: readonly SampledRange[],
    onRow: (row: number, place: Pick<SampledRange, 'topic' | 'partition'>) => void,
    goesOn: (batch: { readonly packedBytes: number; readonly rowCount: number }) => boolean = () => true,
  ): Promise<void> {
    const table = (pick: (range: SampledRange) => number) => ({
      kind: 'table' as const,
      file: '',
      offsets: new Map([[topic, new Map(ranges.map((one) => [one.partition, pick(one)]))]]),
    });
    return readWith(
      this.#config,
      'consumer',
      {
        topic,
        range: { from: table(({ from }) => from), until: table(({ until }) => until), groupId: undefined },
        placed: () => undefined,
        logger: this.#logger,
        signal: AbortSignal.timeout(SAMPLE_MS_MAX),
      },
      (batch, partitionOf) => {
        this.#rows.open(batch.block.bytes);
        for (const { partitionId, firstRow, rowCount } of batch.segments) {
          const place = partitionOf(partitionId);
          for (let row = firstRow; row < firstRow + rowCount; row += 1)
            if (this.#rows.offset(row) < place.untilOffset) onRow(row, place);
        }
        return Promise.resolve(goesOn(batch));
      },
    );
  }
}
