/** The topic of jobs in memory: it is written as in production, and read from its first record on. */
import { JobStore } from '../../../../src/app/jobs/job-store.js';
import type { JobValues } from '../../../../src/core/jobs/job-record.js';
import { keyText, valueText } from '../../../../src/core/jobs/job-record.js';
import { type JobState, jobState, type StoredRecord } from '../../../../src/core/jobs/job-state.js';
import { jobConfig } from '../../../checks/support.js';
import { type MemorySink, memoryWriting } from '../../../support/memory-sink.js';
import { Lines } from '../../reload/helpers.js';

/** That of the job `j` of the group `g`. */
export const JOB_GROUP = 'g.job.j';

export type Entry = {
  [Kind in keyof JobValues]: readonly [run: number, kind: Kind, id: string, value: JobValues[Kind]];
}[keyof JobValues];

export class MemoryStore extends JobStore {
  /** Records that other instances have written. */
  readonly others: StoredRecord[] = [];
  /** Called before each reading, with its number from 1. */
  onRead: (reading: number) => void = () => undefined;
  readonly sink: MemorySink;
  #readings = 0;

  constructor(parts: ConstructorParameters<typeof JobStore>, sink: MemorySink) {
    super(...parts);
    this.sink = sink;
  }

  override read(): Promise<JobState | undefined> {
    this.#readings += 1;
    this.onRead(this.#readings);
    return Promise.resolve(this.state);
  }

  get state(): JobState | undefined {
    return jobState(JOB_GROUP, [...this.others, ...this.#own()]);
  }

  /** Another instance writes before everything that this one writes from now on, and after the rest. */
  add(...entries: readonly Entry[]): void {
    for (const [run, kind, id, value] of entries) {
      const key = keyText({ group: JOB_GROUP, run, kind, id });
      this.others.push({ offset: this.others.length, key, value: valueText(kind, value) });
    }
  }

  /** Kinds of the records that were written; `-` before those that were deleted. */
  get written(): readonly string[] {
    return this.sink.records.map(({ key, value }) => {
      const [, run, kind] = key?.toString().split('/') ?? [];
      return `${value === null ? '-' : ''}${run}/${kind}`;
    });
  }

  #own(): readonly StoredRecord[] {
    return this.sink.records.map(({ key, value }, index) => ({
      offset: 1_000 + index,
      key: key?.toString() ?? '',
      value: value?.toString() ?? null,
    }));
  }
}

export async function memoryStore(...entries: readonly Entry[]): Promise<MemoryStore> {
  const { sink, writer } = await memoryWriting();
  const parts = { config: jobConfig(), group: JOB_GROUP, logger: new Lines() };
  const store = new MemoryStore([parts, writer], sink);
  store.add(...entries);
  return store;
}
