import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { BatchSpans } from '../../../src/adapters/telemetry/batch-spans.js';
import { STEPS_MAX } from '../../../src/adapters/telemetry/spans.js';
import type { InputBatch } from '../../../src/core/batch.js';
import { readInputBatch } from '../../../src/wire/input-batch.js';
import { InputBatchWriter } from '../../../src/wire/input-writer.js';

class Bench {
  readonly errors: unknown[] = [];
  readonly spans: BatchSpans;
  private readonly exporter = new InMemorySpanExporter();

  constructor(sampler?: Sampler) {
    const provider = new NodeTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(this.exporter)],
      ...(sampler === undefined ? {} : { sampler }),
    });
    const parts = { api, tracer: provider.getTracer('test'), failed: (e: unknown) => this.errors.push(e) };
    const describe = (id: number) => ({ topic: id < 10 ? 'clicks' : 'views', partition: id % 10 });
    this.spans = new BatchSpans(parts, { clientId: 'c', groupId: 'g', transform: 'clicks.ts', describe });
  }

  get ended(): readonly ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }
}

/** One record of each of these partitions, all of one trace but different spans. */
function batchOf(partitionIds: readonly number[]): InputBatch {
  const bytes = new Uint8Array(new SharedArrayBuffer(1 << 16));
  const writer = new InputBatchWriter(bytes);
  partitionIds.forEach((id, offset) => {
    const parent = `00-${'a'.repeat(32)}-000000000000000${offset + 1}-01`;
    const headers = [['traceparent', Buffer.from(parent)]] as const;
    writer.add(id, 1, { offset, timestamp: 1, key: null, value: Buffer.from('v'), headers });
  });
  writer.close();
  return readInputBatch({ id: 1, bytes });
}

test('topic and partition are named if there is one; links name those of their record', () => {
  const bench = new Bench();
  bench.spans.begin(batchOf([3, 3]))?.end();
  bench.spans.begin(batchOf([3, 4]))?.end();
  bench.spans.begin(batchOf([3, 14]))?.end();
  const shown = bench.ended.map(({ name, attributes }) => [
    name,
    attributes['messaging.destination.name'],
    attributes['messaging.destination.partition.id'],
  ]);
  assert.deepEqual(shown, [
    ['process clicks', 'clicks', '3'],
    ['process clicks', 'clicks', undefined],
    ['process', undefined, undefined],
  ]);
  const places = bench.ended[2]?.links.map(({ attributes }) => [
    attributes?.['messaging.destination.name'],
    attributes?.['messaging.destination.partition.id'],
  ]);
  assert.deepEqual(places, [
    ['clicks', '3'],
    ['views', '4'],
  ]);
});

test('a fault is the status and the error.type of its span, and of no other', () => {
  const bench = new Bench();
  const batch = bench.spans.begin(batchOf([3]));
  batch?.transform(1)?.end({}, { code: 'WORKER_TIMEOUT', message: 'the task has no result' });
  batch?.transform(1)?.end({ answered: 1 });
  batch?.send(1, 'visits')?.end({ refused: 1 }, { code: 'INVALID_RECORD', message: '1 was refused' });
  batch?.end({ code: 'REWOUND', message: 'read again' });
  assert.deepEqual(
    bench.ended.map(({ name, status, attributes }) => [name, status.code, attributes['error.type']]),
    [
      ['transform clicks.ts', api.SpanStatusCode.ERROR, 'WORKER_TIMEOUT'],
      ['transform clicks.ts', api.SpanStatusCode.UNSET, undefined],
      ['send visits', api.SpanStatusCode.ERROR, 'INVALID_RECORD'],
      ['process clicks', api.SpanStatusCode.ERROR, 'REWOUND'],
    ],
  );
});

test('a batch in thousands of pieces has a bounded number of spans, and ends those that are open', () => {
  const bench = new Bench();
  const batch = bench.spans.begin(batchOf([3]));
  const steps = Array.from({ length: 5000 }, () => batch?.transform(1));
  assert.equal(steps.filter((step) => step !== undefined).length, STEPS_MAX);
  steps[0]?.end({});
  batch?.end();
  steps[1]?.end({});
  assert.equal(bench.ended.length, STEPS_MAX + 1);
});

test('an SDK that throws is reported, and the batch goes on without a trace', () => {
  const bench = new Bench({
    shouldSample: () => {
      throw new Error('a faulty sampler');
    },
    toString: () => 'faulty',
  });
  assert.equal(bench.spans.begin(batchOf([3])), undefined);
  assert.match(String(bench.errors[0]), /a faulty sampler/);
});
