import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { StatusBody } from '../../../src/app/status-body.js';
import type { Summary } from '../../../src/app/summary.js';
import { promtoolSays, scrape } from '../../app/metrics/scrape.js';
import { runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertLaw, Job } from '../job.js';
import { eventually } from '../waiting.js';

type Status = Summary & { readonly stalled?: string };

test(
  'with port 0 the port is printed; /livez answers from the start, /readyz waits for partitions, ' +
    '/status counts',
  async () => {
    const cluster = await sharedCluster();
    const transform = 'export default (value) => value;';
    const job = await Job.create({ cluster, partitions: 2, transform });
    await cluster.tool.produce({ topic: job.input, recipe: { records: 500, partitions: 2 } });
    const kd = job.spawn(['--until', 'forever', '--set', 'server.port=0']);
    const [, url = ''] = await kd.waitFor(/(http:\/\/127\.0\.0\.1:[1-9]\d*)/);
    const get = async (path: string): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(url + path);
      return { status: response.status, body: await response.json() };
    };
    assert.equal((await get('/livez')).status, 200);
    await eventually('it is ready', async () => (await get('/readyz')).status === 200);
    await eventually(
      'all is counted',
      async () => ((await get('/status')).body as Status).records.transformed === 500,
    );
    const status = (await get('/status')).body as Status;
    assert.equal(status.schema, 1);
    assert.equal(status.state, 'running');
    assert.equal(status.records.consumed, 500);
    assertLaw(status);
    assert.equal(status.exitCode, null);
    assert.ok(status.elapsedSeconds > 0 && status.rate.recordsPerSecond > 0);
    assert.ok(status.cpu.microsecondsPerRecord > 0 && status.memory.rssPeakBytes > 0);
    const committedSum = async (): Promise<number> =>
      ((await get('/status')).body as Status).committed.reduce((sum, { offset }) => sum + offset, 0);
    await eventually('all is committed', async () => (await committedSum()) === 500);
    assert.deepEqual(((await get('/status')).body as Status).redelivery, []);
    const zero = `kd_lag_records{topic="${job.input}",partition="1"}`;
    await eventually('its lag is known', async () => (await scrape(`${url}/metrics`)).get(zero) === 0);
    const scraped = await scrape(`${url}/metrics`);
    assert.equal(scraped.get('kd_records_consumed_total'), 500);
    assert.equal(scraped.get('kd_records_settled_total{outcome="transformed",code=""}'), 500);
    assert.equal(scraped.get(`kd_records_emitted_total{topic="${job.output}"}`), 500);
    assert.equal(scraped.get(`kd_topic_lag_records{topic="${job.input}"}`), 0);
    assert.equal(scraped.get('kd_record_seconds_count'), 500);
    assert.equal(scraped.get('kd_batch_records_sum'), 500);
    const batches = scraped.get('kd_batch_records_count') ?? 0;
    for (const stage of ['waiting', 'transform', 'ordering', 'producing'])
      assert.equal(scraped.get(`kd_stage_seconds_count{stage="${stage}"}`), batches, stage);
    assert.ok((scraped.get('kd_worker_busy_seconds_total') ?? 0) > 0);
    assert.ok((scraped.get('kd_worker_loop_active_seconds_total') ?? 0) > 0);
    assert.equal(scraped.get('kd_stalled{mechanism="destination"}'), 0);
    assert.equal(scraped.get('kd_ready'), 1);
    const { partitions, partitionsLeftOut, ready, stall } = (await get('/status')).body as StatusBody;
    assert.deepEqual(partitions.map(({ partition, lagRecords }) => [partition, lagRecords]).sort(), [
      [0, 0],
      [1, 0],
    ]);
    assert.deepEqual({ partitionsLeftOut, ready, stall }, { partitionsLeftOut: 0, ready: true, stall: null });
    await eventually("the clients' figures are there", async () => {
      const series = await scrape(`${url}/metrics`);
      return (
        series.get('kd_broker_up{client="consumer",broker="1"}') === 1 &&
        (series.get('kd_broker_round_trip_seconds{client="producer",broker="1",quantile="0.99"}') ?? 0) > 0 &&
        (series.get('kd_client_queue_bytes_max{client="producer"}') ?? 0) > 0
      );
    });
    const text = await (await fetch(`${url}/metrics`)).text();
    assert.equal(promtoolSays(text), '');
    assert.equal((await get('/elsewhere')).status, 404);
    for (const path of ['/status?pipeline=nope', '/why?pipeline=nope&topic=t&partition=0&offset=0'])
      assert.equal((await get(path)).status, 404, path);
    assert.equal((await fetch(`${url}/livez`, { method: 'POST' })).status, 405);
    kd.kill('SIGTERM');
    assert.equal((await kd.ended).code, 0);
    await assert.rejects(fetch(`${url}/livez`));
    job.remove();
  },
);

test('before partitions are assigned /readyz gives the reason, while /livez is ok', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1 });
  // A topic that does not exist yet, so no partition can be assigned.
  const kd = job.spawn([
    '--until',
    'forever',
    '--set',
    'server.port=0',
    '--set',
    'kafka.consumer.topics=not-there-yet',
    '--set',
    'kafka.consumer.missing-topics-fatal=false',
  ]);
  const [, url = ''] = await kd.waitFor(/(http:\/\/127\.0\.0\.1:[1-9]\d*)/);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  const ready = await fetch(`${url}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /"why":"[^"]+"/);
  kd.kill('SIGTERM');
  assert.equal((await kd.ended).code, 0);
  job.remove();
});

test('a port in use is reported before anything is read: exit 2, the group was never joined', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1 });
  await cluster.tool.produce({ topic: job.input, recipe: { records: 100, partitions: 1 } });
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const result = await runKd(['run', '--until', 'end', '--set', `server.port=${port}`], {
    cwd: job.folder,
  });
  taken.close();
  assert.equal(result.code, 2, result.stderr);
  assert.match(result.stderr, new RegExp(`127\\.0\\.0\\.1:${port}.*server\\.port`));
  assert.deepEqual(await cluster.tool.committed(job.group), []);
  assert.deepEqual((await cluster.tool.endOffsets([job.output]))[0]?.offset, 0);
  job.remove();
});
