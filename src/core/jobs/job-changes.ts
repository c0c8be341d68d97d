/** The differences from the start of a job; none may pass silently. */
import type { DigestedParts, JobPin, LostRecords } from './job-record.js';

/** A partition of the job as the brokers describe it now. */
export interface JobPartition {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string | undefined;
  readonly low: number;
  /** The next offset of the job; −1: not begun. Only if it belongs to the current topic. */
  readonly next: number;
}

/** The value on the command line; undefined: as pinned. */
export interface AskedAgain {
  readonly from: string | undefined;
  readonly until: string | undefined;
  readonly partitions: string | undefined;
}

export type JobDifference =
  | {
      readonly kind: 'option';
      readonly option: '--from' | '--until' | '--partitions';
      readonly pinned: string;
      readonly typed: string;
    }
  /** A key of the configuration that decides the results, or the content of a file that it names. */
  | { readonly kind: 'part'; readonly key: string }
  | { readonly kind: 'replaced'; readonly topic: string; readonly partitions: readonly number[] }
  | { readonly kind: 'missing'; readonly topic: string; readonly partition: number }
  | ({ readonly kind: 'lost' } & LostRecords);

export function differences(
  pin: JobPin,
  now: {
    readonly asked: AskedAgain;
    readonly parts: DigestedParts;
    readonly partitions: readonly JobPartition[];
  },
): readonly JobDifference[] {
  return [
    ...optionDifferences(pin, now.asked),
    ...partDifferences(pin.parts, now.parts),
    ...topicDifferences(pin, now.partitions),
  ];
}

export function partDifferences(pinned: DigestedParts, now: DigestedParts): readonly JobDifference[] {
  const keys = [...new Set([...Object.keys(pinned), ...Object.keys(now)])].sort();
  return keys.filter((key) => pinned[key] !== now[key]).map((key) => ({ kind: 'part', key }));
}

/** Compares only what the command line specifies: a job that is finished no longer depends on the rest. */
export function optionDifferences(pin: JobPin, asked: AskedAgain): readonly JobDifference[] {
  const options = [
    ['--from', pin.from.text, asked.from],
    ['--until', pin.until.text, asked.until],
    ['--partitions', pin.partitions ?? 'all', asked.partitions],
  ] as const;
  return options.flatMap(([option, pinned, typed]) =>
    typed === undefined || typed === pinned ? [] : [{ kind: 'option', option, pinned, typed }],
  );
}

function topicDifferences(pin: JobPin, partitions: readonly JobPartition[]): readonly JobDifference[] {
  const now = new Map(partitions.map((one) => [`${one.topic} ${one.partition}`, one]));
  return pin.topics.flatMap(({ topic, id, ranges }): readonly JobDifference[] => {
    const there = ranges.flatMap(([partition]) => now.get(`${topic} ${partition}`) ?? []);
    const isReplaced = there.some(({ topicId }) => id !== null && topicId !== undefined && topicId !== id);
    if (isReplaced) return [{ kind: 'replaced', topic, partitions: ranges.map(([partition]) => partition) }];
    return ranges.flatMap(([partition, from, until]): readonly JobDifference[] => {
      const found = now.get(`${topic} ${partition}`);
      if (found === undefined) return [{ kind: 'missing', topic, partition }];
      const next = Math.max(from, found.next);
      const to = Math.min(found.low, until);
      return next < to ? [{ kind: 'lost', topic, partition, from: next, to }] : [];
    });
  });
}
