/** A job as the command line requests it. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { AskedAgain } from '../../core/jobs/job-changes.js';
import { jobGroup } from '../../core/jobs/job-name.js';
import type { JobState } from '../../core/jobs/job-state.js';
import type { TypedPosition } from '../../core/positions/position.js';

export interface JobRequest {
  readonly name: string;
  /** Undefined: the job's own start; for a new job, the beginning. */
  readonly from: TypedPosition | undefined;
  /** Undefined: the job's own end; for a new job, the end. */
  readonly until: TypedPosition | undefined;
  readonly partitions: { readonly text: string; readonly numbers: ReadonlySet<number> } | undefined;
  /** Begin a new run of the job, even if the last one was finished. */
  readonly again: boolean;
  readonly acceptChange: boolean;
}

export const FROM_DEFAULT: TypedPosition = { text: 'earliest', position: { kind: 'earliest' } };
export const UNTIL_DEFAULT: TypedPosition = { text: 'end', position: { kind: 'end' } };

/**
 * The configuration with which a job runs: a group of its own, whose offsets are always there, because the
 * job commits where it begins. A missing or lost position must never be chosen by a policy.
 */
export function jobConfig(config: ResolvedConfig, name: string): ResolvedConfig {
  const { consumer } = config;
  return {
    ...config,
    consumer: {
      ...consumer,
      groupId: jobGroup(consumer.groupId, name),
      autoOffsetReset: 'none',
      outOfRange: 'stop',
    },
  };
}

export function askedAgain({ from, until, partitions }: JobRequest): AskedAgain {
  return { from: from?.text, until: until?.text, partitions: partitions?.text };
}

/**
 * With the topics that the job has, instead of an expression: one that begins to match it later is not part
 * of the job, and would have no position for its group.
 */
export function withPinnedTopics(config: ResolvedConfig, { pin }: JobState): ResolvedConfig {
  if ('names' in config.consumer.topics) return config;
  const names = pin.topics.map(({ topic }) => topic);
  return { ...config, consumer: { ...config.consumer, topics: { names } } };
}
