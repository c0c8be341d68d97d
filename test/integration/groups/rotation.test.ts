/**
 * New configurations, certificates and secrets while records flow: nothing lost, nothing repeated, the order
 * kept.
 */
// @alone: measures memory and the time of a reload.
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { atEndOf } from '../../support/at-end.js';
import type { KdProcess } from '../../support/kd.js';
import { type SecureCluster, startSecureCluster } from '../../support/secure-cluster.js';
import { assertExact, assertNothingLost, Job } from '../job.js';
import { arrived, eventually } from '../waiting.js';
import {
  ended,
  PARTITIONS,
  pointTo,
  Running,
  recipe,
  SLOW,
  setLinger,
  silentServer,
  slowly,
  stopped,
} from './rotating-job.js';

const RELOADS = 20;
const STATIC_RELOADS = 5;
/**
 * Blocks of earlier legs are garbage that is collected only when needed: after 70 reloads memory was the same
 * as after 30.
 */
const GARBAGE_BYTES_MAX = 200 << 20;

let secure: SecureCluster;
const atEnd = atEndOf();
before(async () => {
  secure = await startSecureCluster();
  atEnd(() => secure.cluster.stop());
});

interface Footprint {
  readonly rssBytes: number;
  readonly threads: number;
  readonly files: number;
}

function footprint(kd: KdProcess): Footprint {
  const folder = `/proc/${kd.pid ?? 0}`;
  const status = readFileSync(join(folder, 'status'), 'utf8');
  const number = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  return {
    rssBytes: number('VmRSS') * 1024,
    threads: number('Threads'),
    files: readdirSync(join(folder, 'fd')).length,
  };
}

test(
  '20 reloads by SIGHUP while records flow: nothing lost, nothing repeated, in order, and ' +
    'neither memory nor open handles grow',
  async () => {
    const { cluster } = secure;
    const flow = recipe(41, 50_000);
    const job = await Job.create({
      cluster,
      partitions: PARTITIONS,
      dispatcher: { 'reload-interval': '0s', threads: 1 },
    });
    const running = await Running.start(job);
    const { kd } = running;
    const produced = cluster.tool.produce({ topic: job.input, recipe: flow, perSecond: 5_000 });
    const seen: Footprint[] = [];
    for (let n = 1; n <= RELOADS; n++) {
      setLinger(job, n);
      // A second request for the same reload changes nothing.
      kd.kill('SIGHUP');
      kd.kill('SIGHUP');
      await running.reloaded(n);
      seen.push(footprint(kd));
    }
    await produced;
    await eventually('all has arrived', async () => (await arrived(job, job.output)) === flow.records);
    const { reloads, certificates } = await running.status();
    assert.deepEqual(reloads, { count: RELOADS, switching: false, rejected: null });
    assert.deepEqual(certificates, []);
    const summary = await stopped(kd);
    const { consumed, transformed, unsettled, retried } = summary.records;
    assert.deepEqual([consumed, transformed, unsettled, retried], [flow.records, flow.records, 0, 0]);
    assert.equal(summary.reloads, RELOADS);
    assert.deepEqual(summary.redelivery, []);
    assertExact(await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true }));
    assert.equal(await job.committed(), flow.records);
    assert.ok(running.unready > 0, '/readyz was not ready while clients were replaced');
    const [first, last] = [seen[0], seen.at(-1)];
    assert.ok(first !== undefined && last !== undefined);
    assert.deepEqual([last.threads, last.files], [first.threads, first.files], 'threads and open files');
    assert.ok(
      last.rssBytes - first.rssBytes < GARBAGE_BYTES_MAX,
      `memory grew from ${first.rssBytes} to ${last.rssBytes} bytes`,
    );
    job.remove();
  },
);

describe('side by side', { concurrency: true }, () => {
  test(
    'a static member reloads while records flow: exact results, nobody is fenced, and the other ' +
      'member keeps its partitions',
    async () => {
      const { cluster } = secure;
      const flow = recipe(46, 30_000);
      const job = await Job.create({
        cluster,
        partitions: PARTITIONS,
        dispatcher: { 'reload-interval': '0s', threads: 1 },
      });
      const member = (name: string): Promise<Running> =>
        Running.start(job, ['--set', `kafka.consumer.properties.group.instance.id=${name}`]);
      const staying = await member('staying');
      const rotating = await member('rotating');
      const partitions = async (): Promise<readonly (readonly string[])[]> => {
        const { members } = await cluster.tool.group(job.group);
        return ['staying', 'rotating'].map((name) =>
          [...(members.find(({ instanceId }) => instanceId === name)?.partitions ?? [])].sort(),
        );
      };
      const shares = async (): Promise<string> => (await partitions()).map(({ length }) => length).join();
      await eventually('both have two', async () => (await shares()) === '2,2');
      const before = await partitions();
      const produced = cluster.tool.produce({ topic: job.input, recipe: flow, perSecond: 5_000 });
      await eventually('records flow', async () => (await arrived(job, job.output)) > 0);
      const said = staying.kd.stderr.length;
      for (let n = 1; n <= STATIC_RELOADS; n++) {
        setLinger(job, n);
        rotating.kd.kill('SIGHUP');
        await rotating.reloaded(n);
      }
      await produced;
      await eventually('all has arrived', async () => (await arrived(job, job.output)) === flow.records);
      assert.deepEqual(await partitions(), before);
      assert.doesNotMatch(staying.kd.stderr.slice(said), /assigned|revoked|lost/);
      const summaries = [await stopped(rotating.kd), await stopped(staying.kd)];
      assert.equal(summaries[0]?.reloads, STATIC_RELOADS);
      for (const { kd } of [staying, rotating]) assert.doesNotMatch(kd.stderr, /fenced/i);
      const settled = summaries.reduce((sum, { records }) => sum + records.transformed, 0);
      assert.equal(settled, flow.records);
      assert.deepEqual(
        summaries.flatMap(({ redelivery }) => redelivery),
        [],
      );
      assertExact(await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true }));
      assert.equal(await job.committed(), flow.records);
      job.remove();
    },
  );

  test(
    'SIGTERM while a new configuration is on trial: the run drains and exits 0, and the next run ' +
      'continues from there',
    async () => {
      const { cluster } = secure;
      const flow = recipe(47, 20_000);
      const job = await Job.create({
        cluster,
        partitions: PARTITIONS,
        dispatcher: { 'reload-interval': '0s', threads: 1 },
      });
      const running = await Running.start(job);
      const produced = cluster.tool.produce({ topic: job.input, recipe: flow, perSecond: 4_000 });
      await eventually('records flow', async () => (await arrived(job, job.output)) > 0);
      const silent = await silentServer();
      pointTo(job, silent.address);
      running.kd.kill('SIGHUP');
      await eventually('the trial is under way', () => silent.connected() > 0);
      const summary = await stopped(running.kd);
      silent.close();
      assert.doesNotMatch(
        running.kd.stderr,
        /can't be used with the new configuration/,
        'the trial was still under way',
      );
      assert.deepEqual([summary.reloads, summary.records.unsettled, summary.redelivery], [0, 0, []]);
      await produced;
      assert.ok(
        summary.records.transformed > 0 && summary.records.transformed < flow.records,
        `${summary.records.transformed} records`,
      );
      assert.equal(await job.committed(), summary.records.transformed);
      pointTo(job, cluster.bootstrapServers);
      const { summary: last } = await job.runToEnd();
      assert.equal(last.records.transformed, flow.records - summary.records.transformed);
      assertExact(await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true }));
      job.remove();
    },
  );

  test(
    'a bounded run that is reloaded ends at the end offsets of its start; a faulty configuration ' +
      'changes nothing',
    async () => {
      const { cluster } = secure;
      const flow = recipe(42, 32_000);
      const job = await Job.create({ cluster, partitions: PARTITIONS, transform: SLOW, dispatcher: slowly });
      await cluster.tool.produce({ topic: job.input, recipe: flow, to: 2_000 });
      const kd = job.spawn(['--until', 'end']);
      await eventually('some are through', async () => (await arrived(job, job.output)) > 400);
      await cluster.tool.produce({ topic: job.input, recipe: flow, from: 2_000 });
      const path = join(job.folder, 'kd.yml');
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace('"threads"', '"threats"'));
      kd.kill('SIGHUP');
      await kd.waitFor(
        /the new configuration is faulty; the run continues with the old one.*kd\.yml:\d+:\d+.*threats/,
      );
      writeFileSync(path, text);
      kd.kill('SIGHUP');
      await kd.waitFor(/reloaded and is unchanged/);
      setLinger(job, 1);
      kd.kill('SIGHUP');
      await kd.waitFor(/the new configuration is in use/);
      writeFileSync(join(job.folder, 'go'), '');
      const summary = await ended(kd);
      assert.equal(summary.reloads, 1);
      const { transformed } = summary.records;
      // A finished partition is read on while others are not finished. With end offsets taken at the reload,
      // all records would have been read.
      assert.ok(transformed >= 8_000 && transformed < 26_000, `${transformed} records`);
      assert.equal(await job.committed(), transformed);
      const { summary: last } = await job.runToEnd({ args: ['--set', 'dispatcher.transform=none'] });
      assert.equal(last.records.transformed, flow.records - transformed);
      assertExact(await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true }));
      job.remove();
    },
  );

  test(
    'records that a reload could not drain in time are read again: counted once, listed as ' +
      'possible duplicates, none lost',
    async () => {
      const { cluster } = secure;
      const flow = recipe(45, 6_000);
      const job = await Job.create({
        cluster,
        partitions: PARTITIONS,
        transform: SLOW,
        dispatcher: { ...slowly, 'drain-timeout': '1ms' },
      });
      await cluster.tool.produce({ topic: job.input, recipe: flow });
      const kd = job.spawn(['--until', 'end']);
      await eventually('some are through', async () => (await arrived(job, job.output)) > 400);
      setLinger(job, 1);
      kd.kill('SIGHUP');
      await kd.waitFor(/not all records were settled before new clients/);
      writeFileSync(join(job.folder, 'go'), '');
      const summary = await ended(kd);
      const { consumed, transformed, unsettled, retried } = summary.records;
      assert.deepEqual([consumed, transformed, unsettled], [flow.records, flow.records, 0]);
      assert.ok(retried > 0);
      assert.ok(summary.redelivery.length > 0);
      const result = await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true });
      assertNothingLost(result);
      const listed = summary.redelivery.reduce((sum, { from, to }) => sum + to - from, 0);
      assert.ok(result.duplicates <= listed, `${result.duplicates} came twice, ${listed} are listed`);
      assert.equal(await job.committed(), flow.records);
      job.remove();
    },
  );

  test(
    'a password file that changes before the broker knows the new password: the run goes on, and ' +
      'uses the new one once the broker accepts it',
    async () => {
      const { cluster } = secure;
      const flow = recipe(43, 30_000);
      const passwords = ['first-canary-7391', 'second-canary-5527'] as const;
      await cluster.tool.setPassword('admin', passwords[0]);
      const job = await Job.create({
        cluster,
        partitions: PARTITIONS,
        dispatcher: { 'reload-interval': '1s', threads: 1 },
        properties: {
          ...secure.properties('SCRAM'),
          'sasl.password': '${file:./password}',
        },
        files: { password: passwords[0] },
      });
      pointTo(job, secure.address('SCRAM'));
      const running = await Running.start(job);
      const produced = cluster.tool.produce({ topic: job.input, recipe: flow, perSecond: 4_000 });
      writeFileSync(join(job.folder, 'password'), passwords[1]);
      await running.kd.waitFor(
        /Kafka can't be used with the new configuration; the run continues with the old one/,
      );
      const { rejected } = (await running.status()).reloads;
      assert.ok(rejected !== null);
      await cluster.tool.setPassword('admin', passwords[1]);
      await running.reloaded(1);
      await produced;
      await eventually('all has arrived', async () => (await arrived(job, job.output)) === flow.records);
      const summary = await stopped(running.kd);
      assert.deepEqual([summary.records.consumed, summary.records.unsettled], [flow.records, 0]);
      assertExact(await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true }));
      for (const password of passwords)
        assert.ok(
          !`${running.kd.stdout}${running.kd.stderr}${rejected}`.includes(password),
          'no password is printed',
        );
      job.remove();
    },
  );

  test('a client certificate replaced in its keystore is used; one that brokers refuse is not', async () => {
    const { cluster, tls } = secure;
    const flow = recipe(44, 30_000);
    const everything = (['topic', 'group'] as const).map((resource) => ({
      resource,
      name: '*',
      operations: ['ALL'],
    }));
    await cluster.tool.grant('CN=localhost', [
      ...everything,
      { resource: 'cluster', name: 'kafka-cluster', operations: ['ALL'] },
    ]);
    const job = await Job.create({
      cluster,
      partitions: PARTITIONS,
      dispatcher: { 'reload-interval': '1s', threads: 1 },
      properties: {
        'security.protocol': 'SSL',
        'ssl.truststore.location': tls.path('ca', 'jks'),
        'ssl.truststore.password': tls.password,
        'ssl.keystore.location': './keystore.jks',
        'ssl.keystore.password': tls.password,
        'ssl.key.password': tls.password,
      },
    });
    const keystore = join(job.folder, 'keystore.jks');
    copyFileSync(tls.path('client', 'jks'), keystore);
    pointTo(job, secure.address('MTLS'));
    const running = await Running.start(job);
    const subjects = async (): Promise<string> =>
      (await running.status()).certificates.map(({ subject }) => subject).join(' | ');
    assert.match(await subjects(), /CN=client\b/);
    const produced = cluster.tool.produce({ topic: job.input, recipe: flow, perSecond: 4_000 });
    copyFileSync(tls.path('client-other-ca', 'jks'), keystore);
    await running.kd.waitFor(
      /Kafka can't be used with the new configuration; the run continues with the old one/,
    );
    copyFileSync(tls.path('server', 'jks'), keystore);
    await running.reloaded(1);
    assert.match(await subjects(), /CN=localhost\b/);
    assert.doesNotMatch(await subjects(), /CN=client\b/);
    await produced;
    await eventually('all has arrived', async () => (await arrived(job, job.output)) === flow.records);
    const summary = await stopped(running.kd);
    assert.deepEqual(
      [summary.records.consumed, summary.records.unsettled, summary.reloads],
      [flow.records, 0, 1],
    );
    assertExact(await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true }));
    job.remove();
  });
});
