import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniqueName } from '../../support/kafka-cluster.js';
import { runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { arrived, eventually } from '../waiting.js';

for (const protocol of ['classic', 'consumer']) {
  test(
    'a JavaScript expression selects the topics, also those created later (group.protocol ' + `${protocol})`,
    async () => {
      const cluster = await sharedCluster();
      const name = uniqueName('match');
      const job = await Job.create({
        cluster,
        partitions: 1,
        consumer: {
          topics: `/^${name}-(?!no)\\w\\d{2}$/`,
          properties: { 'group.protocol': protocol, 'topic.metadata.refresh.interval.ms': '1000' },
        },
      });
      const send = async (topic: string): Promise<void> => {
        await cluster.createTopic(topic, { partitions: 1 });
        await cluster.tool.send(topic, [{ partition: 0, key: null, value: Buffer.from(topic) }]);
      };
      await send(`${name}-a01`);
      await send(`${name}-no1`);
      await send(`${name}-abc`);
      const kd = job.spawn(['--until', 'forever']);
      await eventually('the first topic is read', async () => (await arrived(job, job.output)) === 1);
      await send(`${name}-b02`);
      await eventually(
        'the topic that was created later is read',
        async () => (await arrived(job, job.output)) === 2,
      );
      kd.kill('SIGTERM');
      const { code, stderr } = await kd.ended;
      assert.equal(code, 0, stderr);
      const { summary } = await job.runToEnd();
      assert.equal(summary.records.consumed, 0, 'both topics are committed, and no other is selected');
      assert.equal((await cluster.tool.committed(job.group)).length, 2);
      job.remove();
    },
  );
}

test(
  'internal topics match no expression that does not name them, and reading the own output is ' + 'refused',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 1, consumer: { topics: '/^__consumer|^nothing/' } });
    const none = await runKd(['run', '--until', 'end'], { cwd: job.folder });
    assert.equal(none.code, 3, none.stderr);
    assert.match(none.stderr, /no topic matches/);
    const loops = ['--set', `kafka.consumer.topics=/^${job.input.slice(0, -3)}/`];
    const refused = await runKd(['run', '--until', 'end', ...loops], { cwd: job.folder });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /is also an input topic: every result comes back as input/);
    const allowed = await runKd(
      ['run', '--until', 'end', ...loops, '--set', 'kafka.consumer.own-output=allow'],
      { cwd: job.folder },
    );
    assert.equal(allowed.code, 0, allowed.stderr);
    job.remove();
  },
);
