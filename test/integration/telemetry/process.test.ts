/** `kd` as a process with an SDK: where it comes from, what workers hear, and collectors that are away. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runKd } from '../../support/kd.js';
import { projectRoot } from '../../support/paths.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job, type JobSpec } from '../job.js';
import { Collector } from './collector.js';

/** As a user's --require file, with the way to sample as an argument. */
const sdk = (options = '{}'): string => `
const { NodeTracerProvider, BatchSpanProcessor, TraceIdRatioBasedSampler } =
  require('@opentelemetry/sdk-trace-node');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter(), { scheduledDelayMillis: 50 })];
if (require('node:worker_threads').isMainThread)
  new NodeTracerProvider({ spanProcessors, ...${options} }).register();
`;

const RECORDS = 2000;
const TRANSFORM = `
import { emit } from 'kafka-dispatcher';
export default (value, _record, { traceparent }) =>
  emit(value, { headers: { parent: traceparent ?? 'none' } });
`;

async function jobWith(spec: Omit<JobSpec, 'cluster'>): Promise<Job> {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, transform: TRANSFORM, ...spec });
  symlinkSync(join(projectRoot, 'node_modules'), join(job.folder, 'node_modules'));
  await cluster.tool.produce({ topic: job.input, recipe: { records: RECORDS, partitions: 1 } });
  return job;
}

async function parents(job: Job): Promise<readonly string[]> {
  const written = await job.cluster.tool.consume([job.output]);
  assert.equal(written.length, RECORDS);
  return written.map(({ headers }) => headers.find(([name]) => name === 'parent')?.[1]?.toString() ?? '');
}

test('an SDK of NODE_OPTIONS is found anywhere; the transform gets the context of its span', async () => {
  const collector = await Collector.start();
  const job = await jobWith({ files: { 'otel.cjs': sdk() } });
  const { code, stderr } = await runKd(['run', '-c', join(job.folder, 'kd.yml'), '--until', 'end'], {
    cwd: '/',
    env: {
      NODE_OPTIONS: `--require ${join(job.folder, 'otel.cjs')}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  });
  assert.equal(code, 0, stderr);
  const spans = new Map(collector.spans.map((span) => [span.spanId, span]));
  for (const parent of await parents(job)) {
    const [version, traceId, spanId, flags] = parent.split('-');
    assert.deepEqual([version, flags], ['00', '01']);
    assert.equal(spans.get(spanId ?? '')?.name, 'transform transform.ts');
    assert.equal(spans.get(spanId ?? '')?.traceId, traceId);
  }
  collector.stop();
  job.remove();
});

test('batches that the sampler leaves out send nothing, and workers hear of that', async () => {
  const collector = await Collector.start();
  const job = await jobWith({ files: { 'otel.cjs': sdk('{ sampler: new TraceIdRatioBasedSampler(0) }') } });
  const { code, stderr } = await runKd(['run', '--until', 'end', '--set', 'telemetry.module=./otel.cjs'], {
    cwd: job.folder,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  assert.equal(code, 0, stderr);
  assert.equal(collector.spans.length, 0);
  for (const parent of await parents(job)) assert.match(parent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  collector.stop();
  job.remove();
});

test('without an SDK nothing is said, loaded or handed on', async () => {
  const job = await jobWith({});
  const { result } = await job.runToEnd();
  assert.doesNotMatch(result.stderr, /telemetry/i);
  assert.deepEqual(new Set(await parents(job)), new Set(['none']));
  job.remove();
});

for (const [what, answers] of [
  ['refuses connections', undefined],
  ['accepts connections and says nothing', false],
] as const) {
  test(`a collector that ${what} does not stop the run, nor its end, nor fill the log`, async () => {
    const silent = answers === undefined ? undefined : await Collector.start({ answers });
    const job = await jobWith({ files: { 'otel.cjs': sdk() } });
    const beganMs = performance.now();
    const { code, stderr } = await runKd(
      [
        'run',
        '--until',
        'end',
        '--set',
        'telemetry.module=./otel.cjs',
        '--set',
        'telemetry.flush-timeout=1s',
      ],
      { cwd: job.folder, env: { OTEL_EXPORTER_OTLP_ENDPOINT: silent?.url ?? 'http://127.0.0.1:9' } },
    );
    assert.equal(code, 0, stderr);
    // The exporter itself would try for ten seconds.
    assert.ok(performance.now() - beganMs < 60_000);
    assert.equal((await parents(job)).length, RECORDS);
    assert.ok((stderr.match(/OpenTelemetry reports a fault/g) ?? []).length <= 1, stderr);
    silent?.stop();
    job.remove();
  });
}

test('a module that fails or is not there ends the start with exit 2 and names itself', async () => {
  const job = await jobWith({ files: { 'otel.mjs': "import 'not-installed-anywhere';\n" } });
  for (const [file, says] of [
    ['./otel.mjs', /telemetry\.module: .*otel\.mjs: failed while it was loaded: .*not-installed-anywhere/],
    ['./missing.mjs', /telemetry\.module.*missing\.mjs does not exist/s],
  ] as const) {
    const args = ['run', '--until', 'end', '--set', `telemetry.module=${file}`];
    const { code, stderr } = await runKd(args, { cwd: job.folder });
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
  }
  assert.equal(await job.committed(), 0);
  job.remove();
});
