/** Waiting for what another process does. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumedRecord } from '../support/java-tool.js';
import type { Job } from './job.js';

const POLL_MS = 50;
const TIMEOUT_MS = 60_000;

/** Asks again until the answer is true; fails with its description after `timeoutMs`. */
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

/**
 * How many records a topic holds that a reader of committed records sees the end of; markers of transactions
 * count too.
 */
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
