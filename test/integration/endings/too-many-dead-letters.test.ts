import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const RECORDS = 1000;

/** One record of so many gets through, or is rejected; every other rejected one for another reason. */
function transformOf(share: 'most' | 'few'): string {
  const rejected = share === 'most' ? 'n % 50 !== 0' : 'n % 20 === 0';
  return `
import { reject } from 'kafka-dispatcher';
export default (value, record) => {
  const n = record.offset;
  if (!(${rejected})) return value;
  if (n % 4 === 1) return undefined;
  return reject('WRONG_TYPE', 'field "amount" holds "12 EUR", not a number');
};
`;
}

async function jobWith(share: 'most' | 'few'): Promise<Job> {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    transform: transformOf(share),
    // A drain finishes what is in flight: at most a part of all records.
    dispatcher: { batch: { 'records-max': 200 }, 'in-flight': { 'records-max': 400 } },
  });
  await cluster.tool.send(
    job.input,
    Array.from({ length: RECORDS }, (_, n) => ({ value: Buffer.from(`v${n}`), partition: 0 })),
  );
  return job;
}

test(
  'a run that rejects nearly all of its records ends with exit 5, every code and a message of each; what ' +
    'it has settled is committed, and each of these records has arrived somewhere',
  async () => {
    const job = await jobWith('most');
    const { summary } = await job.runToEnd({ expect: 5 });
    const { deadLettered, transformed } = summary.records;
    assert.equal(summary.reason.code, 'TOO_MANY_DEAD_LETTERS');
    assert.match(summary.reason.message, /WRONG_TYPE/);
    assert.match(summary.reason.message, /field "amount" holds "12 EUR", not a number/);
    assert.match(summary.reason.message, /NO_RESULT/);
    assert.match(summary.reason.message, /a forgotten return\?/);
    assert.match(summary.reason.message, /dispatcher\.dead-letter\.stop-above/);
    assert.ok(deadLettered >= 100 && transformed > 0 && deadLettered + transformed < RECORDS);
    assert.equal(await job.committed(), deadLettered + transformed);
    const { tool } = job.cluster;
    assert.equal((await tool.consume([job.output])).length, transformed);
    assert.equal((await tool.consume([job.deadLetters])).length, deadLettered);
    job.remove();
  },
);

test('with stop-above: 100% the same run goes through, and the summary has an example per code', async () => {
  const job = await jobWith('most');
  const { summary } = await job.runToEnd({ args: ['--set', 'dispatcher.dead-letter.stop-above=100%'] });
  const { WRONG_TYPE, NO_RESULT } = summary.deadLetteredBy;
  assert.deepEqual(WRONG_TYPE, {
    count: 730,
    example: {
      message: 'field "amount" holds "12 EUR", not a number',
      topic: job.input,
      partition: 0,
      offset: 2,
    },
  });
  assert.deepEqual([NO_RESULT?.count, NO_RESULT?.example.offset], [250, 1]);
  assert.deepEqual(summary.emittedBy, { [job.output]: 20 });
  assert.equal(summary.records.emitted, 20);
  job.remove();
});

test('one rejected record in twenty stops no run', async () => {
  const job = await jobWith('few');
  const { summary } = await job.runToEnd();
  assert.deepEqual([summary.records.deadLettered, summary.records.transformed], [50, 950]);
  job.remove();
});
