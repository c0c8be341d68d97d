/** What `/status` of a running job says, as far as people look at it. */
import { DispatcherError } from '../../core/errors.js';
import { type AskOptions, askJob } from './ask-job.js';
import { Fields } from './fields.js';
import type { JobAddress } from './job-address.js';

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly lagRecords: number | undefined;
  readonly lagSeconds: number;
}

export interface DeadLetters {
  readonly code: string;
  readonly count: number;
  /** `topic[partition] offset: message` */
  readonly example: string;
}

/** One pipeline. What an older job does not say is 0 or undefined. */
export interface JobStatus {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly startedAt: string;
  readonly elapsedSeconds: number;
  readonly ready: boolean;
  readonly notReady: string | undefined;
  readonly stall: { readonly message: string; readonly remedy: string | undefined } | undefined;
  /** Hold up single partitions only. */
  readonly hindrances: readonly string[];
  readonly records: {
    readonly consumed: number;
    readonly emitted: number;
    readonly filtered: number;
    readonly deadLettered: number;
    readonly retried: number;
  };
  readonly bytes: { readonly in: number; readonly out: number };
  /** Records per second over the last ten seconds, by the job itself. */
  readonly recordsPerSecond: number;
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
  readonly memory: {
    readonly rssBytes: number | undefined;
    readonly rssPeakBytes: number;
    /** Of the container; undefined: it has none. */
    readonly limitBytes: number | undefined;
  };
  readonly inFlight: { readonly records: number; readonly bytes: number; readonly bytesMax: number };
  readonly threads: { readonly all: number; readonly busy: number; readonly deaths: number };
  readonly owned: number;
  readonly membership: string;
  readonly lag: number | undefined;
  readonly progress: {
    readonly percent: number | undefined;
    readonly toDo: number | undefined;
    readonly etaSeconds: number | undefined;
  };
  /** Furthest behind first. */
  readonly partitions: readonly PartitionLag[];
  readonly partitionsLeftOut: number;
  /** Most frequent first. */
  readonly deadLetters: readonly DeadLetters[];
  readonly filteredBy: readonly (readonly [reason: string, count: number])[];
  readonly certificates: readonly { readonly subject: string; readonly notAfter: string }[];
  readonly reloads: { readonly count: number; readonly rejected: string | undefined };
}

export interface JobAnswer {
  /** As the job sent it. */
  readonly body: unknown;
  /** One or more. */
  readonly pipelines: readonly JobStatus[];
}

export async function askStatus(address: JobAddress, options: AskOptions = {}): Promise<JobAnswer> {
  const { pipeline } = address;
  const query = pipeline === undefined ? '' : `?pipeline=${encodeURIComponent(pipeline)}`;
  const body = await askJob(address, `/status${query}`, options);
  const root = new Fields(body);
  if (root.number('schema') !== 1)
    throw new DispatcherError('JOB_REFUSED', `what answers at ${address.url} is not a job of this version`, {
      remedy: 'correct --url, or use the kd of the version that runs the job',
    });
  const pipelines = root.has('pipelines') ? root.list('pipelines') : [root];
  return { body, pipelines: pipelines.map((one) => readStatus(one, root)) };
}

function readStatus(one: Fields, root: Fields): JobStatus {
  const records = one.in('records');
  const reloads = one.in('reloads');
  const notReady = one.text('notReady') ?? one.text('stalled');
  return {
    name: one.text('name') ?? '',
    version: one.text('version') ?? root.text('version') ?? '',
    state: one.text('state') ?? 'unknown',
    startedAt: one.text('startedAt') ?? '',
    elapsedSeconds: one.count('elapsedSeconds'),
    ready: one.flag('ready') ?? (one.text('state') === 'running' && notReady === undefined),
    notReady,
    stall: stallOf(one),
    hindrances: hindrancesOf(one),
    records: {
      consumed: records.count('consumed'),
      emitted: records.count('emitted'),
      filtered: records.count('filtered'),
      deadLettered: records.count('deadLettered'),
      retried: records.count('retried'),
    },
    bytes: { in: one.in('bytes').count('in'), out: one.in('bytes').count('out') },
    recordsPerSecond: one.in('progress').in('recordsPerSecond').count('now'),
    latency: { p50Ms: one.in('latency').count('p50Ms'), p99Ms: one.in('latency').count('p99Ms') },
    memory: {
      rssBytes: one.in('memory').number('rssBytes'),
      rssPeakBytes: one.in('memory').count('rssPeakBytes'),
      limitBytes: one.in('memory').number('limitBytes'),
    },
    inFlight: {
      records: one.count('inFlightRecords'),
      bytes: one.count('inFlightBytes'),
      bytesMax: one.count('inFlightBytesMax'),
    },
    threads: {
      all: one.count('threads'),
      busy: one.count('threadsBusy'),
      deaths: countsOf(one.in('workers'), 'deathsBy').reduce((sum, [, deaths]) => sum + deaths, 0),
    },
    owned: one.count('owned'),
    membership: one.text('membership') ?? '',
    lag: one.number('lag'),
    progress: {
      percent: one.in('progress').number('percent'),
      toDo: one.in('progress').number('recordsToDo'),
      etaSeconds: one.in('progress').number('etaSeconds'),
    },
    partitions: one.list('partitions').map((lag) => ({
      topic: lag.text('topic') ?? '',
      partition: lag.count('partition'),
      lagRecords: lag.number('lagRecords'),
      lagSeconds: lag.count('lagSeconds'),
    })),
    partitionsLeftOut: one.count('partitionsLeftOut'),
    deadLetters: deadLettersOf(one),
    filteredBy: countsOf(one, 'filteredBy'),
    certificates: one
      .list('certificates')
      .map((each) => ({ subject: each.text('subject') ?? '', notAfter: each.text('notAfter') ?? '' })),
    reloads: { count: reloads.count('count'), rejected: reloads.text('rejected') },
  };
}

function stallOf(one: Fields): JobStatus['stall'] {
  const message = one.in('stall').text('message') ?? one.text('stalled');
  return message === undefined ? undefined : { message, remedy: one.in('stall').text('remedy') };
}

function hindrancesOf(one: Fields): readonly string[] {
  const place = (fields: Fields): string => `${fields.text('topic') ?? ''}[${fields.count('partition')}]`;
  return [
    ...one.list('leaderless').map((each) => `${place(each)} has no leader: bring its broker back`),
    ...one
      .list('openTransactions')
      .map((each) => `${place(each)} waits for an open transaction: kd doctor names it`),
  ];
}

function deadLettersOf(one: Fields): readonly DeadLetters[] {
  const all = one.entries('deadLetteredBy').map(([code, value]) => {
    const letters = new Fields(value);
    const example = letters.in('example');
    const at = `${example.text('topic') ?? ''}[${example.count('partition')}] ${example.count('offset')}`;
    return { code, count: letters.count('count'), example: `${at}: ${example.text('message') ?? ''}` };
  });
  return all.sort((a, b) => b.count - a.count);
}

function countsOf(one: Fields, name: string): readonly (readonly [string, number])[] {
  const counts = one
    .entries(name)
    .flatMap(([key, value]) => (typeof value === 'number' ? [[key, value] as const] : []));
  return counts.sort(([, a], [, b]) => b - a);
}
