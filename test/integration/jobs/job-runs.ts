/** Runs `kd run --job` for tests. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Summary } from '../../../src/app/summary.js';
import { type KdResult, lastJson, runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertLaw, Job, type JobSpec } from '../job.js';

const CREATE_ATTEMPTS_MAX = 50;

export interface JobEnd {
  readonly summary: Summary;
  readonly result: KdResult;
}

export async function newJob(spec: Omit<JobSpec, 'cluster'> = {}): Promise<Job> {
  return Job.create({ cluster: await sharedCluster(), partitions: 2, ...spec });
}

/** `perPartition` records more in each partition, with these texts as values. */
export async function produce(
  job: Job,
  perPartition: number,
  options: { readonly partitions?: number; readonly text?: string; readonly timestampMs?: number } = {},
): Promise<void> {
  const { partitions = 2, text = 'record', timestampMs } = options;
  await job.cluster.tool.send(
    job.input,
    Array.from({ length: partitions * perPartition }, (_, n) => ({
      key: Buffer.from(`${text}-${n}`),
      value: Buffer.from(`${text}-${n}`),
      partition: n % partitions,
      ...(timestampMs === undefined ? {} : { timestamp: timestampMs + n }),
    })),
  );
}

/** Resolves with the summary of a run that printed one. */
export async function runJob(job: Pick<Job, 'folder'>, args: readonly string[], expect = 0): Promise<JobEnd> {
  const result = await runKd(['run', '-o', 'json', ...args], { cwd: job.folder });
  assert.equal(result.code, expect, result.stderr + result.stdout);
  const summary = lastJson(result.stdout) as Summary;
  assertLaw(summary);
  return { summary, result };
}

export async function refusedJob(
  job: Pick<Job, 'folder'>,
  args: readonly string[],
  code: number,
): Promise<string> {
  const result = await runKd(['run', ...args], { cwd: job.folder });
  assert.equal(result.code, code, result.stderr + result.stdout);
  return result.stderr;
}

/** The same job in another folder, as on another machine. */
export function elsewhere(job: Job): { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'kd-elsewhere-'));
  cpSync(job.folder, folder, { recursive: true });
  return { folder };
}

/** How many records the output topic has. */
export async function outputRecords({ cluster, output }: Job): Promise<number> {
  return (await cluster.tool.endOffsets([output])).reduce((sum, { offset }) => sum + offset, 0);
}

/** Brokers take a moment to forget a topic; until then they refuse its name. */
export async function createInputAgain({ cluster, input }: Job): Promise<void> {
  await cluster.tool.deleteTopics([input]);
  for (let attempt = 1; ; attempt++) {
    try {
      await cluster.createTopic(input, { partitions: 2 });
      return;
    } catch (error) {
      if (attempt === CREATE_ATTEMPTS_MAX) throw error;
      await delay(200);
    }
  }
}
