/** Compares one topic with its entries in the receipts. */
import { outside } from '../../../core/offset-ranges.js';
import type { ListedPartition, Side } from './listed.js';
import { offsetsOf } from './offsets-of.js';
import { PartitionCheck } from './partition-check.js';
import { type ReadingSettings, readAgain, type WantedRange } from './topic-reading.js';
import { Unlisted } from './unlisted.js';

export interface Missing {
  records: number;
  readonly first: number;
}

export class TopicCheck {
  readonly side: Side;
  readonly topic: string;
  readonly partitions: ReadonlyMap<number, PartitionCheck>;
  /** Of an output. */
  readonly unlisted = new Unlisted();
  /** For an input: records that had to be read, by partition. */
  readonly missing = new Map<number, Missing>();

  constructor(side: Side, topic: string, listed: readonly ListedPartition[]) {
    this.side = side;
    this.topic = topic;
    this.partitions = new Map(
      listed.map((one) => [one.partition, new PartitionCheck(one, side === 'input')]),
    );
  }

  /** How many offsets are read, as far as it is known. */
  get offsets(): number {
    let offsets = 0;
    for (const check of this.partitions.values()) offsets += Math.max(0, check.to - check.from);
    return offsets;
  }

  async read(settings: ReadingSettings): Promise<void> {
    await readAgain(settings, {
      side: this.side,
      topic: this.topic,
      wanted: this.#wanted(this.side === 'input'),
      onFound: (ranges) => {
        for (const { partition, low } of ranges) {
          const check = this.partitions.get(partition);
          if (check !== undefined) check.low = low;
        }
      },
      onSegment: (batch, segment, partition) => {
        this.partitions.get(partition)?.feed(batch, segment, (block, firstRow, rowCount) => {
          if (this.side === 'output') this.unlisted.add(partition, block, firstRow, rowCount);
          else this.#miss(partition, block, firstRow, rowCount);
        });
      },
    });
  }

  /** Looks for the twins of unlisted records among the listed ones; reads the topic once more. */
  async findTwins(settings: ReadingSettings): Promise<void> {
    if (this.unlisted.isEmpty) return;
    await readAgain(settings, {
      side: this.side,
      topic: this.topic,
      wanted: this.#wanted(true),
      onSegment: (batch, segment, partition) => {
        const check = this.partitions.get(partition);
        if (check === undefined || this.unlisted.allAreTwins) return;
        const { bytes } = batch.block;
        const offsets = offsetsOf(bytes, segment.firstRow, segment.rowCount);
        const gaps = outside(check.covered, segment.firstOffset, segment.lastOffset + 1);
        let first = 0;
        const compareTo = (end: number): void => {
          if (end > first) this.unlisted.compare(bytes, segment.firstRow + first, end - first);
        };
        for (const [from, to] of gaps) {
          compareTo(firstAt(offsets, from));
          first = firstAt(offsets, to);
        }
        compareTo(segment.rowCount);
      },
    });
  }

  /** `isBounded`: reads no further than the records that are listed, or that had to be read. */
  #wanted(isBounded: boolean): readonly WantedRange[] {
    return [...this.partitions.values()].map(({ listed: { partition }, from, to }) =>
      isBounded ? { partition, from, to } : { partition, from },
    );
  }

  #miss(partition: number, block: Uint8Array, firstRow: number, rowCount: number): void {
    const known = this.missing.get(partition);
    const [first = 0] = offsetsOf(block, firstRow, 1);
    if (known === undefined) this.missing.set(partition, { records: rowCount, first });
    else known.records += rowCount;
  }
}

/** Index of the first offset that is at least this one. */
function firstAt(offsets: Float64Array, offset: number): number {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle] ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
