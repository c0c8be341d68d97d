/** What a job says of people in its records, to those who may not read the topics. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const TRANSFORM = `
export default (value) => {
  const { name, mail } = JSON.parse(value.toString());
  throw new Error('no customer ' + name + ' with ' + mail);
};
`;
const VALUE = Buffer.from(JSON.stringify({ name: 'Anna Müller', mail: 'anna@example.com' }));
const PERSONAL = /anna|müller|example\.com/i;
const PORT = ['--set', 'server.port=0'];

async function jobWith(deadLetter: boolean): Promise<Job> {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, deadLetter, transform: TRANSFORM });
  await cluster.tool.send(
    job.input,
    Array.from({ length: 200 }, () => ({ value: VALUE, partition: 0 })),
  );
  return job;
}

test('with a port neither log nor summary quotes records, even when rejections stop the run', async () => {
  const [kept, refused] = [await jobWith(true), await jobWith(false)];
  const stopped = await kept.runToEnd({ expect: 5, args: PORT });
  assert.equal(stopped.summary.reason.code, 'TOO_MANY_DEAD_LETTERS');
  assert.match(stopped.summary.reason.message, /TRANSFORM_ERROR \d+, e\.g\. .*: no customer … with …/);
  const first = await refused.runToEnd({ expect: 5, args: PORT });
  assert.match(first.summary.reason.message, /no customer … with …/);
  for (const { result } of [stopped, first]) assert.doesNotMatch(result.stdout + result.stderr, PERSONAL);
  const [letter] = await kept.cluster.tool.consume([kept.deadLetters]);
  const said = letter?.headers.find(([name]) => name === 'kd-message')?.[1]?.toString();
  assert.equal(said, 'no customer Anna Müller with anna@example.com');
  for (const job of [kept, refused]) job.remove();
});

test('without a port, or when asked for, messages are shown whole to those who started the run', async () => {
  const job = await jobWith(false);
  for (const args of [[], [...PORT, '--set', 'dispatcher.dead-letter.samples=full']]) {
    const { summary } = await job.runToEnd({ expect: 5, args });
    assert.match(summary.reason.message, /no customer Anna Müller with anna@example\.com/);
  }
  job.remove();
});
