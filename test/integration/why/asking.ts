/** Jobs whose records end in every way, and `kd why` about them. */
import assert from 'node:assert/strict';
import type { WhyAnswer } from '../../../src/app/why/answer.js';
import type { TestCluster } from '../../support/kafka-cluster.js';
import { type KdProcess, type KdResult, runKd } from '../../support/kd.js';
import { Job, type JobSpec } from '../job.js';

/** 3: filtered, 7: rejected, `stuck`: never done, else copied. */
const TRANSFORM = `
import { defineTransform, drop, emitAll, emit, reject, type } from 'kafka-dispatcher';
export default defineTransform({
  input: type<string>(), output: type<string>(),
  async transform(_value, record) {
    const text = record.raw === null ? '' : record.raw.toString();
    if (text === 'stuck') await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (text === '3') return drop('THREE');
    if (text === '7') return reject('SEVEN', 'not seven');
    if (text === '9') return emitAll([emit(record.raw), emit(record.raw)]);
    return emit(record.raw);
  },
});
`;

export function jobOn(cluster: TestCluster, spec: Partial<JobSpec> = {}): Promise<Job> {
  const dispatcher = { output: { format: 'raw', 'source-headers': true }, threads: 1, ...spec.dispatcher };
  return Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    transform: TRANSFORM,
    ...spec,
    dispatcher,
  });
}

export async function send(job: Job, values: readonly string[], partition = 0): Promise<void> {
  const timestamp = Date.now();
  await job.cluster.tool.send(
    job.input,
    values.map((value, index) => ({
      partition,
      key: Buffer.from(`k${index}`),
      value: Buffer.from(value),
      timestamp: timestamp + index,
    })),
  );
}

export async function ask(
  job: Job,
  offset: number,
  { partition = 0, args = [] }: { readonly partition?: number; readonly args?: readonly string[] } = {},
): Promise<{ readonly answer: WhyAnswer; readonly text: string; readonly code: number | null }> {
  const words = ['why', job.input, String(partition), String(offset), '--time', '20s', '-o', 'json', ...args];
  const result: KdResult = await runKd(words, { cwd: job.folder });
  assert.ok(result.stdout.startsWith('{'), `${result.stderr}\n${result.stdout}`);
  const answer = JSON.parse(result.stdout) as WhyAnswer;
  return { answer, text: answer.sentences.join(' '), code: result.code };
}

/** A running job, and where it answers. */
export async function running(
  job: Job,
  args: readonly string[] = [],
): Promise<{ kd: KdProcess; url: string }> {
  const kd = job.spawn(['--until', 'forever', '--set', 'server.port=0', ...args]);
  const [, url = ''] = await kd.waitFor(/"url":"([^"]+)"/);
  await kd.waitFor(/assigned/);
  return { kd, url };
}
