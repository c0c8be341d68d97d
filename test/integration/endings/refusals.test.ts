import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts } from '../../support/free-ports.js';
import { runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { arrived, eventually } from '../waiting.js';

test(
  'a missing output topic is reported before anything is read, ' + 'with its name and a remedy, exit 3',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, outputPartitions: 0 });
    await cluster.tool.produce({ topic: job.input, recipe: { records: 100, partitions: 4 } });
    const { summary } = await job.runToEnd({ expect: 3 });
    assert.equal(summary.reason.code, 'TOPIC_MISSING');
    assert.match(summary.reason.message, new RegExp(job.output));
    assert.ok(summary.reason.remedy !== null && summary.reason.remedy.length > 0);
    assert.equal(summary.records.consumed, 0);
    assert.equal(await job.committed(), 0);
    job.remove();
  },
);

test('a missing dead-letter topic is reported before anything is read, exit 3', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    dispatcher: { 'dead-letter': { topic: 'there-is-no-such-topic' } },
  });
  await cluster.tool.produce({ topic: job.input, recipe: { records: 100, partitions: 4 } });
  const { summary } = await job.runToEnd({ expect: 3 });
  assert.match(summary.reason.message, /^the dead-letter topic there-is-no-such-topic does not exist/);
  assert.match(summary.reason.remedy ?? '', /or correct dispatcher\.dead-letter\.topic$/);
  assert.equal(await job.committed(), 0);
  job.remove();
});

test('a missing input topic is reported within seconds, exit 3', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, consumer: { topics: ['no-such-input'] } });
  const { summary } = await job.runToEnd({ expect: 3 });
  assert.match(summary.reason.message, /no-such-input/);
  job.remove();
});

test(
  'a broker that is down at start is reported within the ' + 'connect timeout, with its address, exit 3',
  async () => {
    const cluster = await sharedCluster();
    const [port] = await freePorts(1);
    const job = await Job.create({ cluster });
    const result = await runKd(
      ['run', '--until', 'end', '-o', 'json', '--set', `kafka.bootstrap-servers=127.0.0.1:${port}`],
      {
        cwd: job.folder,
        timeoutMs: 60_000,
      },
    );
    assert.equal(result.code, 3, result.stderr);
    assert.match(result.stdout, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.match(result.stdout, /refused/i);
    job.remove();
  },
);

test(
  'an output topic deleted during a run stalls it visibly, then stops it with exit 3 after ' +
    'stall-timeout; nothing unsettled is committed',
  async () => {
    const cluster = await sharedCluster();
    const transform =
      "import { emit } from 'kafka-dispatcher';\nexport default (value, record, { options }) => " +
      'emit(value, { topic: options.gone });\n';
    const gone = `${(await Job.create({ cluster, partitions: 1 })).output}-gone`;
    await cluster.createTopic(gone, { partitions: 1 });
    const job = await Job.create({
      cluster,
      partitions: 1,
      transform,
      dispatcher: { options: { gone }, 'stall-timeout': '6s' },
    });
    await cluster.tool.produce({ topic: job.input, recipe: { records: 1000, partitions: 1 } });
    const kd = job.spawn(['--until', 'forever']);
    await kd.waitFor(/assigned/);
    // If it were deleted before the first record is sent to it, it would be reported as missing instead.
    await eventually('the first records are in the topic', async () => (await arrived(job, gone)) >= 1000);
    await cluster.tool.deleteTopics([gone]);
    const committed = await job.committed();
    await cluster.tool.produce({ topic: job.input, recipe: { records: 2000, partitions: 1 }, from: 1000 });
    const result = await kd.ended;
    assert.equal(result.code, 3, result.stderr.slice(-3000));
    assert.match(result.stderr, /stalled/);
    assert.match(result.stderr, new RegExp(gone));
    assert.ok((await job.committed()) <= Math.max(1000, committed));
    job.remove();
  },
);
