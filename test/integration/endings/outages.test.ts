import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withCluster } from '../../support/kafka-cluster.js';
import type { KdProcess } from '../../support/kd.js';
import { Job, sized } from '../job.js';
import { outage } from '../outage.js';

const SESSION = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
/** librdkafka's own words about a single connection, which belong into the debug log only. */
const RAW =
  /Disconnected|Connect to ipv4|brokers? connections? (is|are) down|transport failure|Timed out|REQTMOUT/;

interface Line {
  readonly level: string;
  readonly message: string;
}

function warnings(stderr: string): readonly Line[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
    .filter(({ level }) => level === 'warn' || level === 'error');
}

/** Milliseconds from SIGTERM to the end of the process. */
async function secondsToEnd(kd: KdProcess): Promise<number> {
  const startMs = performance.now();
  kd.kill('SIGTERM');
  await kd.ended;
  return (performance.now() - startMs) / 1000;
}

test(
  'through outages /readyz tells the truth, a stop keeps its ' + 'deadline, and the log stays short',
  async (t) => {
    await withCluster({ brokers: 1 }, async (cluster) => {
      const job = await Job.create({
        cluster,
        partitions: 2,
        consumer: { properties: SESSION },
        dispatcher: { 'drain-timeout': '8s' },
      });

      await t.test(
        'with the broker stopped the run is not ready, warns, and recovers within ' + 'seconds',
        async () => {
          const stderr = await outage(job, {
            down: () => cluster.kill(1),
            up: () => cluster.restart(1),
            downMs: sized(60_000, 9_000),
            graceMs: 5_500,
          });
          const told = warnings(stderr);
          assert.ok(told.length <= 5, JSON.stringify(told, null, 1));
          assert.match(stderr, /kafka: connected to the brokers again after \d+ s/);
          assert.ok(!told.some(({ message }) => RAW.test(message)), JSON.stringify(told, null, 1));
          assert.ok(told.some(({ message }) => /connection refused/.test(message)));
          assert.doesNotMatch(stderr, /other members/);
        },
      );

      await t.test(
        'after a freeze past the session the run is ready once it has partitions ' + 'again',
        async () => {
          await outage(job, {
            down: () => cluster.pause(1),
            up: () => cluster.resume(1),
            downMs: sized(60_000, 10_000),
            graceMs: 7_500,
          });
        },
      );

      await t.test('with the broker frozen the run is not ready long before the session ends', async () => {
        const patient = await Job.create({
          cluster,
          partitions: 2,
          consumer: { properties: { 'session.timeout.ms': '45000' } },
        });
        const stderr = await outage(patient, {
          down: () => cluster.pause(1),
          up: () => cluster.resume(1),
          downMs: 13_000,
          graceMs: 11_500,
        });
        assert.doesNotMatch(stderr, /"message":"lost"/);
        const told = warnings(stderr);
        assert.ok(told.length <= 5, JSON.stringify(told, null, 1));
        assert.match(told[0]?.message ?? '', /the connection is open, but the broker does not answer/);
        assert.match(stderr, /kafka: connected to the brokers again after \d+ s/);
        patient.remove();
      });

      await t.test(
        'SIGTERM with the broker stopped or frozen ends the process within drain-timeout plus 5 s',
        async () => {
          const ends: [string, number][] = [];
          for (const [name, down, up] of [
            ['hangs', () => cluster.pause(1), () => cluster.resume(1)],
            ['is gone', () => cluster.kill(1), () => cluster.restart(1)],
          ] as const) {
            const kd = job.spawn(['--until', 'forever']);
            await kd.waitFor(/"message":"assigned"/);
            await down();
            await sleep(2_500);
            ends.push([name, await secondsToEnd(kd)]);
            await up();
          }
          for (const [name, seconds] of ends) assert.ok(seconds < 13, `${name}: ${seconds} s`);
        },
      );

      await t.test(
        'SIGTERM during a join leaves the group: the next member gets its partitions immediately',
        async () => {
          const ghost = job.spawn(['--until', 'forever']);
          await ghost.waitFor(/"message":"assigned"/);
          ghost.kill('SIGKILL');
          await ghost.ended;
          const joining = job.spawn(['--until', 'forever']);
          await joining.waitFor(/"message":"running"/);
          await sleep(1_500);
          assert.ok((await secondsToEnd(joining)) < 13);
          const startMs = performance.now();
          const next = job.spawn(['--until', 'forever']);
          await next.waitFor(/"message":"assigned"/);
          const seconds = (performance.now() - startMs) / 1000;
          assert.ok(seconds < 4, `the next member waited ${seconds} s for a member that is gone`);
          next.kill('SIGTERM');
          await next.ended;
        },
      );

      await t.test(
        'SIGTERM of an idle member during a rebalance ends it within seconds, and the other member ' +
          'gets all partitions',
        async () => {
          const first = job.spawn(['--until', 'forever']);
          await first.waitFor(/"message":"assigned"/);
          const second = job.spawn(['--until', 'forever']);
          await second.waitFor(/"message":"running"/);
          await sleep(700);
          const seconds = await secondsToEnd(first);
          assert.ok(seconds < 5, `${seconds} s`);
          await second.waitFor(/"owned":2/, 10_000);
          assert.ok((await secondsToEnd(second)) < 5);
        },
      );

      await t.test(
        'brokers that close connections immediately get few connection attempts per second',
        async () => {
          const kd = job.spawn(['--until', 'forever']);
          await kd.waitFor(/"message":"assigned"/);
          await cluster.kill(1);
          let attempts = 0;
          const busy = createServer((socket) => {
            attempts += 1;
            socket.destroy();
          });
          await once(busy.listen(Number(cluster.bootstrapServers.split(':')[1]), '127.0.0.1'), 'listening');
          await sleep(1_000);
          attempts = 0;
          await sleep(5_000);
          const perSecond = attempts / 5;
          await new Promise((resolve) => busy.close(resolve));
          kd.kill('SIGTERM');
          await kd.ended;
          // Two clients, each twice per reconnect.backoff.ms (250).
          assert.ok(perSecond <= 17, `${perSecond} connection attempts per second`);
        },
      );
      job.remove();
    });
  },
);
