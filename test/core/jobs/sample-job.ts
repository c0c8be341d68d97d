/** A small job, and the records that its instances keep of it. */
import type { JobCounts } from '../../../src/core/jobs/job-counts.js';
import type { JobChange, JobInstance, JobPin, JobValues } from '../../../src/core/jobs/job-record.js';

export const AT = '2026-11-28T10:00:00.000Z';

/** Two topics, one of them of a broker that knows no ids. */
export const PIN: JobPin = {
  createdAt: AT,
  version: '1.0.0',
  from: { text: '-2h', timestampMs: 1_764_324_000_000 },
  until: { text: 'end' },
  partitions: null,
  parts: { 'dispatcher.transform': 'a' },
  topics: [
    {
      topic: 'orders',
      id: 'id-1',
      ranges: [
        [0, 10, 100],
        [1, 20, 20],
      ],
    },
    { topic: 'old', id: null, ranges: [[0, 0, 7]] },
  ],
};

export const CHANGE: JobChange = { at: AT, parts: {}, topics: [], lost: [] };

type Records = Partial<JobCounts['records']>;

/** Nothing was counted but what is given. */
export function jobCounts(records: Records = {}, more: Partial<JobCounts> = {}): JobCounts {
  return {
    records: {
      consumed: 0,
      transformed: 0,
      filtered: 0,
      deadLettered: 0,
      handedOver: 0,
      skipped: 0,
      emitted: 0,
      retried: 0,
      unsettled: 0,
      ...records,
    },
    filteredBy: {},
    deadLetteredBy: {},
    emittedBy: {},
    bytes: { in: 0, out: 0 },
    range: { firstTimestamp: null, lastTimestamp: null },
    elapsedSeconds: 0,
    cpu: { microsecondsPerRecord: 0 },
    memory: { rssPeakBytes: 0 },
    latency: { p50Ms: 0, p99Ms: 0 },
    metrics: [],
    ...more,
  };
}

export function jobInstance(more: Partial<JobInstance> = {}): JobInstance {
  return { host: 'h', startedAt: AT, at: AT, ended: true, settled: [], counts: jobCounts(), ...more };
}

export const VALUES: JobValues = {
  pin: PIN,
  change: {
    at: AT,
    parts: { 'dispatcher.transform': 'b' },
    topics: [{ topic: 'orders', id: 'id-2', ranges: [[0, 0, 5]] }],
    lost: [{ topic: 'orders', partition: 0, from: 3, to: 5 }],
  },
  instance: jobInstance({ settled: [{ topic: 'orders', id: 'id-1', offsets: [[0, 40]] }] }),
  started: { at: AT },
  finished: { at: AT },
};
