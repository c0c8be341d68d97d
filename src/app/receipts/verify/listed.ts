/** The entries of receipts, by topic and partition; marks are read only where they are needed. */
import type { OffsetRange } from '../../../core/offset-ranges.js';
import type { BegunLine, BoundsLine, EndedLine, InputPiece } from '../../../core/receipts/lines.js';
import type { HashSum } from '../../../core/receipts/sum.js';

export type Side = 'input' | 'output';

/** The entries for one partition in one line of a receipt. */
export interface ListedPart {
  readonly file: string;
  readonly line: number;
  /** Where the line begins in the file. */
  readonly position: number;
  readonly side: Side;
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  readonly sum: HashSum;
  readonly ranges: readonly OffsetRange[];
  /** How many records are in each range: those of an input may have holes. */
  readonly recordsIn: readonly number[];
}

export interface ListedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly parts: ListedPart[];
  /** Of an input topic. */
  readonly pieces: InputPiece[];
  /** For an input, the range that had to be read; for an output, the end before the first run. */
  from: number | undefined;
  to: number | undefined;
}

/** A process that wrote lines. */
export interface Instance {
  readonly begun: BegunLine | undefined;
  ended: EndedLine | undefined;
}

export interface Listed {
  readonly inputs: ReadonlyMap<string, ListedPartition>;
  readonly outputs: ReadonlyMap<string, ListedPartition>;
  readonly instances: ReadonlyMap<string, Instance>;
  /** Acknowledged, but the broker did not report the offset. */
  readonly unplaced: number;
  readonly lines: number;
}

/** Every process ended by itself with nothing left unsettled, so its receipt has all that it wrote. */
export function isComplete({ instances }: Listed): boolean {
  return [...instances.values()].every(({ ended }) => ended?.unsettled === 0 && ended.state === 'stopped');
}

export function partitionIn(
  partitions: Map<string, ListedPartition>,
  topic: string,
  partition: number,
): ListedPartition {
  const name = `${partition} ${topic}`;
  const known = partitions.get(name);
  if (known !== undefined) return known;
  const fresh = { topic, partition, parts: [], pieces: [], from: undefined, to: undefined };
  partitions.set(name, fresh);
  return fresh;
}

/** The range that a bounded run had to read. If it began at the group's commits, its start is not known. */
export function takeBounds(partitions: Map<string, ListedPartition>, { exact, ranges }: BoundsLine): void {
  for (const { topic, partition, from, to } of ranges) {
    if (from >= to) continue;
    const listed = partitionIn(partitions, topic, partition);
    if (exact) listed.from = Math.min(listed.from ?? from, from);
    listed.to = Math.max(listed.to ?? to, to);
  }
}
