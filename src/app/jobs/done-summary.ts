import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { JobState } from '../../core/jobs/job-state.js';
import type { Summary } from '../summary.js';
import { boundsOf, type JobIdentity, jobCounts, jobReport } from './job-report.js';

/** The summary of a job that was finished before. */
export function doneSummary(
  { name }: ResolvedConfig,
  identity: JobIdentity,
  state: JobState,
  finishedAt: string,
): Summary {
  const counts = jobCounts(state);
  const { createdAt } = state.pin;
  const elapsedSeconds = (Date.parse(finishedAt) - Date.parse(createdAt)) / 1_000;
  const recordsPerSecond = elapsedSeconds > 0 ? Math.round(counts.records.consumed / elapsedSeconds) : 0;
  const report = jobReport(identity, state);
  return {
    ...counts,
    schema: 1,
    name,
    state: 'already-done',
    reason: {
      code: 'DONE',
      message: `the job ${identity.name} was finished at ${finishedAt}; nothing was read`,
      remedy: '--again runs it once more; with another --job NAME it is a new job',
      retryable: false,
    },
    exitCode: 0,
    startedAt: createdAt,
    endedAt: finishedAt,
    elapsedSeconds,
    rate: { recordsPerSecond },
    progress: {
      percent: 100,
      recordsDone: report.ranges.reduce((sum, { from, until }) => sum + until - from, 0),
      recordsToDo: 0,
      bytesDoneEstimate: counts.bytes.in,
      bytesToDoEstimate: 0,
      recordsPerSecond: { now: 0, overall: recordsPerSecond },
      etaSeconds: 0,
      slowest: null,
    },
    range: { ...counts.range, partitions: report.ranges },
    committed: boundsOf(state).map(({ topic, partition, end }) => ({ topic, partition, offset: end })),
    redelivery: [],
    reloads: 0,
    job: report,
  };
}
