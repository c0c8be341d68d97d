/** A job as a whole, for its summary. */
import { type JobCounts, readAgain, sumOf } from '../../core/jobs/job-counts.js';
import type { LostRecords, PinnedPosition } from '../../core/jobs/job-record.js';
import type { JobState } from '../../core/jobs/job-state.js';
import type { EndOffset } from '../../ports/source.js';
import { boundOf } from './bounds.js';

export interface JobReport {
  readonly name: string;
  /** The consumer group that the job works as. */
  readonly group: string;
  /** 1, and one more with each `--again`. */
  readonly run: number;
  /** It had begun before this process. */
  readonly resumed: boolean;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly from: PinnedPosition;
  readonly until: PinnedPosition;
  readonly partitions: string | null;
  /** `until`: the offset after the last one. */
  readonly ranges: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly from: number;
    readonly until: number;
  }[];
  /** Records of the range that were deleted before they were read; the user has accepted that. */
  readonly lost: readonly LostRecords[];
  /** Processes that have worked on it. */
  readonly instances: number;
  /**
   * Those that have not reported their end: killed, or not ended yet. Up to 10 s may be missing from their
   * counts.
   */
  readonly unended: number;
  /** The sum over all instances. */
  readonly records: JobCounts['records'];
}

export interface JobIdentity {
  readonly name: string;
  readonly group: string;
  readonly resumed: boolean;
}

/** The only partitions that the job reads, with their ends. */
export function boundsOf({ pin }: JobState): readonly EndOffset[] {
  return pin.topics.flatMap(({ topic, id, ranges }) =>
    ranges.map(([partition, from, until]) =>
      boundOf({ topic, partition, topicId: id ?? undefined }, from, until),
    ),
  );
}

export function jobReport({ name, group, resumed }: JobIdentity, state: JobState): JobReport {
  const { pin, run, finished, lost, instances } = state;
  return {
    name,
    group,
    run,
    resumed,
    startedAt: pin.createdAt,
    finishedAt: finished?.at ?? null,
    from: pin.from,
    until: pin.until,
    partitions: pin.partitions,
    ranges: boundsOf(state).map(({ topic, partition, low, end }) => ({
      topic,
      partition,
      from: low,
      until: end,
    })),
    lost,
    instances: instances.size,
    unended: [...instances.values()].filter(({ ended }) => !ended).length,
    records: jobCounts(state).records,
  };
}

/** The sum over all instances, with the records that were deleted unread. */
export function jobCounts({ instances, lost }: JobState): JobCounts {
  const sum = sumOf([...instances.values()].map(({ counts }) => readAgain(counts)));
  const deleted = lost.reduce((total, { from, to }) => total + to - from, 0);
  return { ...sum, records: { ...sum.records, skipped: sum.records.skipped + deleted } };
}
