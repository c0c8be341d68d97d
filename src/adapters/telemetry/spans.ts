/**
 * Spans of a batch, after OpenTelemetry's conventions for messaging: `process` from the read to the
 * settlement, below it `transform` for each task of a worker and `send` for each part of the results.
 */
import type { Attributes, Span, SpanKind, Tracer } from '@opentelemetry/api';
import type { BatchTrace, TraceFault, TraceStep } from '../../ports/tracing.js';
import type { Api } from './api.js';

/** Spans below one `process` span: a batch may be cut into thousands of pieces. */
export const STEPS_MAX = 64;

export interface SpanParts {
  readonly api: Api;
  readonly tracer: Tracer;
  /** What the user's SDK throws must not stop a run: it is reported here. */
  readonly failed: (error: unknown) => void;
}

export function messaging(
  operation: 'process' | 'send',
  topic: string | undefined,
  records: number,
): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.type': operation,
    'messaging.operation.name': operation,
    'messaging.batch.message_count': records,
    ...(topic === undefined ? {} : { 'messaging.destination.name': topic }),
  };
}

/** Nothing is recorded, but workers hear of the decision, so that they keep to it. */
export class UnsampledBatch implements BatchTrace {
  private readonly step: TraceStep;

  constructor(span: Span) {
    this.step = { traceparent: traceparentOf(span), end: () => undefined };
  }

  transform(): TraceStep {
    return this.step;
  }

  send(): undefined {
    return undefined;
  }

  end(): void {
    return undefined;
  }
}

export class RecordedBatch implements BatchTrace {
  private readonly parts: SpanParts;
  private readonly span: Span;
  private readonly module: string | undefined;
  private readonly steps: RecordedStep[] = [];

  constructor(parts: SpanParts, span: Span, module: string | undefined) {
    this.parts = parts;
    this.span = span;
    this.module = module;
  }

  transform(records: number): TraceStep | undefined {
    if (this.module === undefined) return undefined;
    const attributes = { 'messaging.batch.message_count': records };
    return this.step(`transform ${this.module}`, this.parts.api.SpanKind.INTERNAL, attributes);
  }

  /** CLIENT, not PRODUCER: results keep the context of their source, they do not get that of this span. */
  send(records: number, topic: string | undefined): TraceStep | undefined {
    const name = topic === undefined ? 'send' : `send ${topic}`;
    return this.step(name, this.parts.api.SpanKind.CLIENT, messaging('send', topic, records));
  }

  end(fault?: TraceFault): void {
    for (const step of this.steps) step.end({});
    endSpan(this.parts, this.span, fault);
  }

  private step(name: string, kind: SpanKind, attributes: Attributes): TraceStep | undefined {
    const { api, tracer, failed } = this.parts;
    if (this.steps.length === STEPS_MAX) return undefined;
    try {
      const context = api.trace.setSpan(api.ROOT_CONTEXT, this.span);
      const step = new RecordedStep(this.parts, tracer.startSpan(name, { kind, attributes }, context));
      this.steps.push(step);
      return step;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }
}

class RecordedStep implements TraceStep {
  readonly traceparent: string;
  private readonly parts: SpanParts;
  private span: Span | undefined;

  constructor(parts: SpanParts, span: Span) {
    this.parts = parts;
    this.span = span;
    this.traceparent = traceparentOf(span);
  }

  end(counts: Readonly<Record<string, number>>, fault?: TraceFault): void {
    const { span } = this;
    if (span === undefined) return;
    this.span = undefined;
    for (const [name, count] of Object.entries(counts)) span.setAttribute(`kd.records.${name}`, count);
    endSpan(this.parts, span, fault);
  }
}

function endSpan({ api, failed }: SpanParts, span: Span, fault: TraceFault | undefined): void {
  try {
    if (fault !== undefined) {
      span.setAttribute('error.type', fault.code);
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: fault.message });
    }
    span.end();
  } catch (error) {
    failed(error);
  }
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
