/** A leader that is away at the first start, and one that goes for good under a bounded run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../src/app/summary.js';
import { assertLaw, Job } from '../integration/job.js';
import { eventually } from '../integration/waiting.js';
import { withCluster } from '../support/kafka-cluster.js';
import { lastJson } from '../support/kd.js';
import { numbersIn, saying } from './support.js';

const WAIT_MS = 60_000;
const RECORDS = 50;
const GONE = 20;
const STALL_TIMEOUT_MS = 15_000;
/** Few records are fetched ahead, so that a leader can go before its partition is read. */
const SMALL_FETCHES = {
  'max.partition.fetch.bytes': '2000',
  'queued.max.messages.kbytes': '1',
  'fetch.queue.backoff.ms': '50',
};
/** With more, a single replica that was killed never leads again. */
const ONE_REPLICA = { 'min.insync.replicas': '1' };
const SLOW = 'export default async (v) => { await new Promise((r) => setTimeout(r, 25)); return v; };\n';

const values = (from: number, count: number, partition: number) =>
  Array.from({ length: count }, (_, n) => ({ partition, value: Buffer.from(String(from + n).padEnd(200)) }));

test('a partition without a leader at the first start of a group does not hold up the others', async () => {
  await withCluster({ brokers: 3 }, async (cluster) => {
    const job = await Job.create({ cluster, partitions: 2, inputConfigs: ONE_REPLICA });
    const fourth = await cluster.addBroker();
    await cluster.tool.reassign(job.input, 1, [fourth]);
    await cluster.tool.send(job.input, [...values(0, RECORDS, 0), ...values(RECORDS, RECORDS, 1)]);
    await cluster.tool.deleteRecords(job.input, { 1: GONE });
    // Killed, it would have forgotten what was deleted.
    await cluster.terminate(fourth);
    const arrived = async (): Promise<number> =>
      new Set(numbersIn(await cluster.tool.consume([job.output]))).size;
    const first = job.spawn(['--until', 'forever']);
    await saying([first], async () => {
      await eventually('the other partition is read', async () => (await arrived()) === RECORDS, WAIT_MS);
      assert.match(first.stderr, /partitions without a leader wait for one/);
      first.kill('SIGTERM');
      assert.equal((await first.ended).code, 0);
    });
    const committed = await cluster.tool.committed(job.group);
    assert.deepEqual(
      committed.map(({ partition, offset }) => [partition, offset]),
      [[0, RECORDS]],
      'a position that was never known is not committed',
    );
    const second = job.spawn(['--until', 'forever']);
    await saying([second], async () => {
      await second.waitFor(/partitions without a leader wait for one/, WAIT_MS);
      await cluster.restart(fourth);
      await eventually('all is read', async () => (await arrived()) === 2 * RECORDS - GONE, WAIT_MS);
      second.kill('SIGTERM');
      assert.equal((await second.ended).code, 0);
    });
    assert.equal(await job.committed(), 2 * RECORDS);
    job.remove();
  });
});

test('a partition without a leader at the first start begins with latest at its end', async () => {
  await withCluster({ brokers: 3 }, async (cluster) => {
    const job = await Job.create({
      cluster,
      partitions: 2,
      inputConfigs: ONE_REPLICA,
      consumer: { 'auto-offset-reset': 'latest' },
    });
    const fourth = await cluster.addBroker();
    await cluster.tool.reassign(job.input, 1, [fourth]);
    await cluster.tool.send(job.input, [...values(0, RECORDS, 0), ...values(RECORDS, RECORDS, 1)]);
    await cluster.terminate(fourth);
    const arrived = async (): Promise<readonly number[]> =>
      [...new Set(numbersIn(await cluster.tool.consume([job.output])))].sort((a, b) => a - b);
    const range = (from: number, count: number): number[] =>
      Array.from({ length: count }, (_, n) => from + n);
    const kd = job.spawn(['--until', 'forever']);
    await saying([kd], async () => {
      await kd.waitFor(/"message":"assigned","partitions":2/, WAIT_MS);
      assert.match(kd.stderr, /partitions without a leader wait for one/);
      await cluster.tool.send(job.input, values(2 * RECORDS, RECORDS, 0));
      await eventually('the other is read', async () => (await arrived()).length === RECORDS, WAIT_MS);
      assert.deepEqual(
        (await cluster.tool.committed(job.group)).map(({ partition, offset }) => [partition, offset]),
        [[0, 2 * RECORDS]],
        'a position that was never known is not committed',
      );
      // They are all written before the member can ask for the end of the log.
      kd.kill('SIGSTOP');
      await cluster.restart(fourth);
      await cluster.tool.send(job.input, values(3 * RECORDS, RECORDS, 1));
      kd.kill('SIGCONT');
      await eventually('all is read', async () => (await arrived()).length === 2 * RECORDS, WAIT_MS);
      assert.deepEqual(await arrived(), range(2 * RECORDS, 2 * RECORDS), 'nothing from before the start');
      kd.kill('SIGTERM');
      assert.equal((await kd.ended).code, 0);
    });
    assert.equal(await job.committed(), 4 * RECORDS);
    job.remove();
  });
});

test('a bounded run whose last partition loses its leader for good exits 3 and names it', async () => {
  await withCluster({ brokers: 3 }, async (cluster) => {
    const job = await Job.create({
      cluster,
      partitions: 2,
      inputConfigs: ONE_REPLICA,
      transform: SLOW,
      consumer: { properties: SMALL_FETCHES },
      dispatcher: {
        concurrency: 1,
        'stall-timeout': `${STALL_TIMEOUT_MS}ms`,
        'in-flight': { 'records-max': 10 },
      },
    });
    const fourth = await cluster.addBroker();
    await cluster.tool.reassign(job.input, 1, [fourth]);
    await cluster.tool.send(job.input, [...values(0, RECORDS, 0), ...values(RECORDS, 1000, 1)]);
    const kd = job.spawn(['--until', 'end']);
    await saying([kd], async () => {
      await eventually('some is read', async () => (await job.committed()) > RECORDS, WAIT_MS);
      await cluster.kill(fourth);
      const { code, stdout } = await kd.ended;
      assert.equal(code, 3);
      const summary = lastJson(stdout) as Summary;
      assertLaw(summary);
      assert.equal(summary.reason.code, 'KAFKA_UNREACHABLE');
      assert.match(summary.reason.message, new RegExp(`${job.input}\\[1\\] has no leader`));
      assert.equal(summary.records.unsettled, 0);
    });
    await cluster.restart(fourth);
    const { summary } = await job.runToEnd();
    assert.equal(await job.committed(), RECORDS + 1000);
    assert.ok(summary.records.transformed > 0);
    job.remove();
  });
});
