/** `/readyz` is true to "owns partitions and moves". */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Job } from '../integration/job.js';
import { Looks, outage, urlOf } from '../integration/outage.js';
import { arrived, eventually } from '../integration/waiting.js';
import { withCluster } from '../support/kafka-cluster.js';
import type { KdProcess } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { saying } from './support.js';

const SESSION = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
const OUTAGE_MS = 60_000;
const LISTENING = ['--until', 'forever', '--set', 'server.port=0'];
const PROTOCOLS = ['classic', 'consumer'] as const;

const sessionOf = (protocol: string): Record<string, string> =>
  protocol === 'consumer' ? { 'group.protocol': 'consumer' } : SESSION;

function values(count: number): { partition: number; value: Buffer }[] {
  return Array.from({ length: count }, (_, n) => ({ partition: 0, value: Buffer.from(String(n)) }));
}

async function ready(url: string): Promise<{ readonly ok: boolean; readonly why: string }> {
  const answer = await fetch(`${url}/readyz`);
  const { why = '' } = (await answer.json()) as { why?: string };
  return { ok: answer.ok, why };
}

async function stop(kd: KdProcess): Promise<void> {
  kd.kill('SIGTERM');
  const { code, stderr } = await kd.ended;
  assert.equal(code, 0, stderr.slice(-3000));
}

test('with group.protocol: consumer /readyz is right while a broker stops or hangs for 60 s', async () => {
  await withCluster({ brokers: 1 }, async (cluster) => {
    const properties = sessionOf('consumer');
    const job = await Job.create({ cluster, partitions: 2, consumer: { properties } });
    await outage(job, {
      down: () => cluster.kill(1),
      up: () => cluster.restart(1),
      downMs: OUTAGE_MS,
      graceMs: 11_500,
    });
    await outage(job, {
      down: () => cluster.pause(1),
      up: () => cluster.resume(1),
      downMs: OUTAGE_MS,
      graceMs: 11_500,
    });
    job.remove();
  });
});

for (const protocol of PROTOCOLS)
  test(
    'a member frozen past its session is never ready without partitions, and ready with them ' +
      `(${protocol})`,
    async () => {
      const properties = { 'group.consumer.session.timeout.ms': '6000' };
      await withCluster({ brokers: 1, properties }, async (cluster) => {
        const job = await Job.create({
          cluster,
          partitions: 2,
          consumer: { properties: sessionOf(protocol) },
        });
        const frozen = job.spawn(LISTENING);
        await frozen.waitFor(/"owned":2/);
        const other = job.spawn(LISTENING);
        await saying([frozen, other], async () => {
          await other.waitFor(/"message":"assigned","partitions":1/, 60_000);
          const looks = new Looks(await urlOf(frozen));
          await sleep(1_000);
          frozen.kill('SIGSTOP');
          await eventually('the other has both', () => /"owned":2/.test(other.stderr), 60_000);
          frozen.kill('SIGCONT');
          await eventually('it lost its partition', () => /"message":"lost"/.test(frozen.stderr), 60_000);
          const seen = looks.all.length;
          await eventually(
            'it is ready with a partition',
            () => looks.all.slice(seen).some((look) => look.ready && look.owned === 1),
            60_000,
          );
          const told = (await looks.end()).map((look) => JSON.stringify(look)).join('\n');
          for (const look of looks.all) assert.ok(!look.ready || look.owned > 0, told);
          await stop(frozen);
          await stop(other);
        });
        job.remove();
      });
    },
  );

for (const protocol of PROTOCOLS)
  test(
    `an idle owner and a spare member stay ready, and the spare one takes over ` + `(${protocol})`,
    async () => {
      const cluster = await sharedCluster();
      const job = await Job.create({ cluster, partitions: 1, consumer: { properties: sessionOf(protocol) } });
      const owner = job.spawn(LISTENING);
      await owner.waitFor(/"message":"assigned","partitions":1/);
      const spare = job.spawn(LISTENING);
      await saying([owner, spare], async () => {
        const urls = [await urlOf(owner), await urlOf(spare)] as const;
        await eventually(
          'both are ready',
          async () => (await ready(urls[0])).ok && (await ready(urls[1])).ok,
        );
        for (let second = 0; second < 60; second += 1) {
          for (const url of urls) assert.deepEqual(await ready(url), { ok: true, why: '' });
          await sleep(1_000);
        }
        await stop(owner);
        await cluster.tool.send(job.input, values(10));
        await eventually('the spare one reads', async () => (await arrived(job, job.output)) === 10);
        assert.ok((await ready(urls[1])).ok);
        await stop(spare);
      });
      job.remove();
    },
  );

/** A topic that is gone is noticed in seconds; defaults wait half a minute. */
const NOTICED = {
  'topic.metadata.refresh.interval.ms': '1000',
  'topic.metadata.propagation.max.ms': '3000',
  'linger.ms': '2000',
};

test('a failing topic makes the run not ready until it recovers, and all is delivered', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, producer: { properties: NOTICED } });
  const kd = job.spawn(LISTENING);
  await saying([kd], async () => {
    const url = await urlOf(kd);
    await eventually('ready', async () => (await ready(url)).ok);
    await cluster.tool.send(job.input, values(100));
    await sleep(500);
    await cluster.tool.deleteTopics([job.output]);
    await eventually('not ready', async () => (await ready(url)).why.includes(job.output));
    for (let second = 0; second < 15; second += 1) {
      await sleep(1_000);
      assert.equal((await ready(url)).ok, false);
    }
    await cluster.createTopic(job.output, { partitions: 1 });
    await eventually('all is delivered', async () => (await arrived(job, job.output)) >= 100);
    await eventually('ready', async () => (await ready(url)).ok, 15_000);
    await stop(kd);
    assert.equal(await job.committed(), 100);
  });
  job.remove();
});

test('a failing topic that nobody writes to any more ends neither readiness nor the run', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    dispatcher: { 'stall-timeout': '30s' },
    producer: { properties: NOTICED },
    transform: `import { existsSync } from 'node:fs';
      import { emit } from 'kafka-dispatcher';
      export default (value, record) =>
        existsSync('healed') ? value : emit(value, { topic: record.topic.replace(/-in$/, '-other') });`,
  });
  const other = job.output.replace(/-out$/, '-other');
  await cluster.createTopic(other, { partitions: 1 });
  const kd = job.spawn(LISTENING);
  await saying([kd], async () => {
    const url = await urlOf(kd);
    await eventually('ready', async () => (await ready(url)).ok);
    await cluster.tool.send(job.input, values(10));
    await sleep(500);
    writeFileSync(join(job.folder, 'healed'), '');
    await cluster.tool.deleteTopics([other]);
    await eventually('it fails', () => kd.stderr.includes(`"topic":"${other}"`));
    await eventually('delivered elsewhere', async () => (await arrived(job, job.output)) === 10);
    await eventually('ready', async () => (await ready(url)).ok, 5_000);
    await sleep(40_000);
    assert.ok((await ready(url)).ok);
    await cluster.tool.send(job.input, values(10));
    await eventually('after an idle gap', async () => (await arrived(job, job.output)) === 20);
    await stop(kd);
  });
  job.remove();
});
