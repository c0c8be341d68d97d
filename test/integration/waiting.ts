/** Waits for the effects of another process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumedRecord } from '../support/java/requests.js';
import type { Job } from './job.js';

const POLL_MS = 50;
const TIMEOUT_MS = 60_000;

/** Asks repeatedly until the answer is true; fails with the description after `timeoutMs`. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}

/** The end offsets of a topic for read_committed, summed up; transaction markers are included. */
export async function arrived(job: Job, topic: string): Promise<number> {
  return (await job.cluster.tool.endOffsets([topic])).reduce((sum, { offset }) => sum + offset, 0);
}

export function texts(records: readonly ConsumedRecord[]): readonly (string | null)[] {
  return records.map(({ value }) => value?.toString('utf8') ?? null);
}

/** The values of one partition, in order. */
export function textsOf(records: readonly ConsumedRecord[], partition: number): readonly (string | null)[] {
  return texts(records.filter((record) => record.partition === partition));
}
