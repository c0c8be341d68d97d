/** The files of examples/telemetry as a reader runs them, with a collector that keeps what arrives. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { uniqueName } from '../../support/kafka-cluster.js';
import { runKd } from '../../support/kd.js';
import { projectRoot } from '../../support/paths.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Collector } from './collector.js';

const RECORDS = 300;
const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
const SPAN_ID = 'b7ad6b7169203331';
/** Every second click was sampled where it was made. */
const traceparent = (n: number): string => `00-${hex(n + 1, 32)}-${SPAN_ID}-0${n % 2}`;

test(
  'the example of docs/TELEMETRY.md sends spans with links to the sampled records, and the metrics of ' +
    'the end, to a collector; headers of the records stay as they are',
  async () => {
    const cluster = await sharedCluster();
    const collector = await Collector.start();
    const folder = mkdtempSync(join(tmpdir(), 'kd-telemetry-'));
    cpSync(join(projectRoot, 'examples', 'telemetry'), folder, { recursive: true });
    // In place of `npm install`.
    symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
    const [clicks, visits, letters] = ['clicks', 'visits', 'clicks-dlq'].map(uniqueName);
    assert.ok(clicks !== undefined && visits !== undefined && letters !== undefined);
    await cluster.createTopic(clicks, { partitions: 1 });
    await cluster.createTopic(visits, { partitions: 1 });
    await cluster.createTopic(letters, { partitions: 1 });
    await cluster.tool.send(
      clicks,
      Array.from({ length: RECORDS }, (_, n) => ({
        key: null,
        value: Buffer.from(n === 7 ? 'no JSON' : JSON.stringify({ page: `/${n}`, user: `u${n}` })),
        headers: [
          ['traceparent', Buffer.from(traceparent(n))],
          ['tracestate', Buffer.from('shop=17')],
          ['baggage', Buffer.from('tenant=42')],
        ] as const,
      })),
    );
    const set = [
      `kafka.consumer.topics=${clicks}`,
      `kafka.consumer.group-id=${clicks}`,
      `kafka.producer.topic=${visits}`,
      `dispatcher.dead-letter.topic=${letters}`,
    ].flatMap((value) => ['--set', value]);
    const { code, stderr } = await runKd(['run', '--until', 'end', ...set], {
      cwd: folder,
      env: { KAFKA: cluster.bootstrapServers, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /OpenTelemetry is in use/);

    const batches = collector.named('process ');
    assert.ok(batches.length > 0, 'batches were traced');
    for (const { service, name, kind, attributes, parentSpanId } of batches) {
      assert.equal(service, 'clicks');
      assert.equal(name, `process ${clicks}`);
      assert.equal(kind, 5);
      assert.equal(parentSpanId ?? '', '');
      assert.equal(attributes['messaging.system'], 'kafka');
      assert.equal(attributes['messaging.operation.type'], 'process');
      assert.equal(attributes['messaging.destination.name'], clicks);
      assert.equal(attributes['messaging.destination.partition.id'], '0');
      assert.equal(attributes['messaging.consumer.group.name'], clicks);
    }
    const counted = batches.map(({ attributes }) => Number(attributes['messaging.batch.message_count']));
    assert.equal(sum(counted), RECORDS);
    const links = batches.flatMap((batch) => batch.links);
    assert.ok(links.length > 0 && links.length <= 32 * batches.length);
    for (const { traceId, spanId } of links) {
      assert.equal(Number.parseInt(traceId, 16) % 2, 0, 'of a sampled click');
      assert.equal(spanId, SPAN_ID);
    }
    const transforms = collector.named('transform clicks.ts');
    const sends = collector.named('send');
    for (const { parentSpanId, traceId } of [...transforms, ...sends])
      assert.ok(batches.some((batch) => batch.spanId === parentSpanId && batch.traceId === traceId));
    assert.equal(sum(transforms.map(({ attributes }) => Number(attributes['kd.records.answered']))), RECORDS);
    assert.equal(sum(transforms.map(({ attributes }) => Number(attributes['kd.records.dead_lettered']))), 1);
    assert.equal(sum(sends.map(({ attributes }) => Number(attributes['kd.records.acknowledged']))), RECORDS);
    for (const { kind } of sends) assert.equal(kind, 3);

    const point = (name: string): number | undefined => collector.points.get(name);
    assert.equal(point('kd.records_consumed{pipeline=clicks}'), RECORDS);
    assert.equal(point('kd.records_settled{code=,outcome=transformed,pipeline=clicks}'), RECORDS - 1);
    assert.equal(point(`kd.records_emitted{pipeline=clicks,topic=${visits}}`), RECORDS - 1);
    assert.equal(point('kd.record_seconds_count{pipeline=clicks}'), RECORDS);
    assert.ok((point('kd.record_seconds_p99{pipeline=clicks}') ?? 0) > 0);
    assert.equal(collector.units.get('kd.record_seconds_p99'), 's');
    assert.equal(collector.units.get('kd.in_flight_bytes'), 'By');

    const written = await cluster.tool.consume([visits]);
    assert.equal(written.length, RECORDS - 1);
    for (const { value, headers } of written) {
      const { page, trace } = JSON.parse(value?.toString() ?? '') as { page: string; trace: string };
      const n = Number(page.slice(1));
      assert.equal(trace, hex(n + 1, 32));
      assert.deepEqual(headers, [
        ['traceparent', Buffer.from(traceparent(n))],
        ['tracestate', Buffer.from('shop=17')],
        ['baggage', Buffer.from('tenant=42')],
      ]);
    }
    collector.stop();
    rmSync(folder, { recursive: true, force: true });
  },
);

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
