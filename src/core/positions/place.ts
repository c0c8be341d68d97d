/** Converts a position to an offset of each partition, with a note where the offset needs an explanation. */
import type { Position } from './position.js';

/** The brokers' answers about a partition. */
export interface PartitionFacts {
  readonly topic: string;
  readonly partition: number;
  /** The first offset that still exists. */
  readonly low: number;
  /** The next offset that can be read. */
  readonly end: number;
  /** −1 or undefined: the group has committed nothing. */
  readonly committed?: number;
  /** The first record of the time that was asked for, or later; offset −1: none. */
  readonly timed?: {
    readonly offset: number;
    readonly timestampMs: number;
    /** False: what the brokers answered, which may be a transaction marker. */
    readonly isRecord: boolean;
  };
  /** Timestamps are the times at which the broker appended the records. */
  readonly logAppendTime?: boolean;
}

/**
 * The reason why the offset is not simply the one that was meant. `log-begins-later`: older records are gone,
 * or there never were any. `nothing-so-young`: no record has this time or a later one. `no-record-found`:
 * the search for one was given up. `not-committed`: the beginning is used instead. `not-in-table`: the file
 * does not name the partition.
 */
export type PlaceNote =
  | 'log-begins-later'
  | 'nothing-so-young'
  | 'no-record-found'
  | 'not-committed'
  | 'before-beginning'
  | 'behind-end'
  | 'not-in-table';

export interface PlacedPosition {
  readonly topic: string;
  readonly partition: number;
  /** Between `low` and `end`. */
  readonly offset: number;
  readonly note: PlaceNote | undefined;
}

/** `origin`: what `+N` and `-N` count from, if not the beginning and the end of the log. */
export function place(position: Position, facts: PartitionFacts, origin?: number): PlacedPosition {
  const { topic, partition, low, end } = facts;
  const [wanted, note] = wantedOf(position, facts, origin);
  const offset = Math.min(Math.max(wanted, low), end);
  const moved = wanted < low ? 'before-beginning' : wanted > end ? 'behind-end' : undefined;
  return { topic, partition, offset, note: note ?? moved };
}

function wantedOf(
  position: Position,
  facts: PartitionFacts,
  origin: number | undefined,
): readonly [offset: number, note?: PlaceNote] {
  const { topic, partition, low, end, committed = -1 } = facts;
  switch (position.kind) {
    case 'earliest':
      return [low];
    case 'end':
      return [end];
    case 'committed':
      return committed < 0 ? [low, 'not-committed'] : [committed];
    case 'after':
      return [(origin ?? low) + position.offsets];
    case 'before':
      // At least at the beginning: fewer records than asked for are all records.
      return origin === undefined ? [Math.max(low, end - position.offsets)] : [origin - position.offsets];
    case 'offset':
      return [position.offset];
    case 'table': {
      const offset = position.offsets.get(topic)?.get(partition);
      return offset === undefined ? [end, 'not-in-table'] : [offset];
    }
    case 'time':
      return timedOf(position.timestampMs, facts);
  }
}

function timedOf(
  timestampMs: number,
  { low, end, timed }: PartitionFacts,
): readonly [offset: number, note?: PlaceNote] {
  if (timed?.isRecord === false && timed.offset <= end)
    return [Math.max(low, timed.offset), 'no-record-found'];
  if (timed === undefined || timed.offset < 0 || timed.offset > end)
    return low === end ? [end] : [end, 'nothing-so-young'];
  const isFirst = timed.offset <= low && timed.timestampMs > timestampMs;
  return isFirst ? [Math.max(low, timed.offset), 'log-begins-later'] : [timed.offset];
}

const WORDS: Readonly<Record<PlaceNote, string>> = {
  'log-begins-later': 'the log begins later: older records are gone, or never were',
  'nothing-so-young': 'no record is of that time or later: the end',
  'no-record-found':
    "the brokers' answer for that time, which may be a transaction marker: no record of that time was found",
  'not-committed': 'the group has committed nothing here: the beginning',
  'before-beginning': 'the offset is before the beginning of the log: the beginning',
  'behind-end': 'the offset is beyond the end of the log: the end',
  'not-in-table': 'the file does not name this partition: the end',
};

/** Says what a note means, for people. */
export function wordsOf(note: PlaceNote): string {
  return WORDS[note];
}
