import type { Attributes, Link, Tracer } from '@opentelemetry/api';
import type { InputBatch } from '../../core/batch.js';
import type { TracedJob } from '../../ports/telemetry.js';
import type { BatchTrace, BatchTracer } from '../../ports/tracing.js';
import { type SampledContext, sampledContexts } from '../../wire/sampled-contexts.js';
import { messaging, RecordedBatch, type SpanParts, UnsampledBatch } from './spans.js';

/** Begins the span of a batch, with links to the spans in which its records were made. */
export class BatchSpans implements BatchTracer {
  private readonly parts: SpanParts;
  private readonly job: TracedJob;

  constructor(parts: SpanParts, job: TracedJob) {
    this.parts = parts;
    this.job = job;
  }

  begin(input: InputBatch): BatchTrace | undefined {
    const { api, tracer, failed } = this.parts;
    try {
      const span = tracer.startSpan(...this.processSpan(input));
      if (!api.isSpanContextValid(span.spanContext())) return undefined;
      if (!span.isRecording()) return new UnsampledBatch(span);
      return new RecordedBatch(this.parts, span, this.job.transform);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  private processSpan(input: InputBatch): Parameters<Tracer['startSpan']> {
    const { describe, groupId, clientId } = this.job;
    const places = input.segments.map(({ partitionId }) => describe(partitionId));
    const topic = theOnly(places.map((place) => place.topic));
    const partition = topic === undefined ? undefined : theOnly(places.map((place) => place.partition));
    const attributes: Attributes = {
      ...messaging('process', topic, input.rowCount),
      ...(partition === undefined ? {} : { 'messaging.destination.partition.id': String(partition) }),
      'messaging.consumer.group.name': groupId,
      'messaging.client.id': clientId,
    };
    const links = sampledContexts(input.block.bytes).map((found) => this.link(input, found));
    const name = topic === undefined ? 'process' : `process ${topic}`;
    // A root: whatever context is active here has nothing to do with the batch.
    return [name, { kind: this.parts.api.SpanKind.CONSUMER, root: true, attributes, links }];
  }

  private link(input: InputBatch, { row, traceId, spanId, traceState }: SampledContext): Link {
    const { api } = this.parts;
    const traceFlags = api.TraceFlags.SAMPLED;
    const state = traceState === undefined ? {} : { traceState: api.createTraceState(traceState) };
    const context = { traceId, spanId, traceFlags, isRemote: true, ...state };
    const segment = input.segments.find((one) => row < one.firstRow + one.rowCount);
    if (segment === undefined) return { context };
    const { topic, partition } = this.job.describe(segment.partitionId);
    return {
      context,
      attributes: {
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': String(partition),
      },
    };
  }
}

function theOnly<T>([first, ...others]: readonly T[]): T | undefined {
  return others.every((other) => other === first) ? first : undefined;
}
