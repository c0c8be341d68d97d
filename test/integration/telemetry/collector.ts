/** Stands in for an OpenTelemetry collector: keeps what arrives by HTTP with JSON. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Value = string | number | boolean;

interface JsonAttribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: number | string;
    readonly doubleValue?: number;
    readonly boolValue?: boolean;
  };
}

interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly JsonAttribute[];
  readonly links?: readonly { traceId: string; spanId: string; attributes: readonly JsonAttribute[] }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface JsonPoint {
  readonly attributes: readonly JsonAttribute[];
  readonly asDouble?: number;
  readonly asInt?: number | string;
}

interface JsonMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: readonly JsonPoint[] };
  readonly gauge?: { readonly dataPoints: readonly JsonPoint[] };
}

export interface ArrivedSpan extends Omit<JsonSpan, 'attributes' | 'links'> {
  readonly service: Value | undefined;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

export class Collector {
  readonly spans: ArrivedSpan[] = [];
  /** `name{label=value,…}` → what arrived last. */
  readonly points = new Map<string, number>();
  readonly units = new Map<string, string>();
  readonly url: string;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** `answers`: false accepts connections and never says anything. */
  static async start({ answers = true } = {}): Promise<Collector> {
    const server = createServer((request, response) => {
      if (!answers) return;
      void collector.take(request).then(() => {
        response.setHeader('content-type', 'application/json');
        response.end('{}');
      });
    });
    // A failed test must not hang.
    server.unref().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const collector = new Collector(server);
    return collector;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  named(prefix: string): readonly ArrivedSpan[] {
    return this.spans.filter(({ name }) => name.startsWith(prefix));
  }

  private async take(request: IncomingMessage): Promise<void> {
    assert.equal(request.headers['content-type'], 'application/json');
    const body: unknown = JSON.parse(await text(request));
    if (request.url === '/v1/traces') this.takeSpans(body as TraceBody);
    if (request.url === '/v1/metrics') this.takeMetrics(body as MetricBody);
  }

  private takeSpans({ resourceSpans }: TraceBody): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = valuesOf(resource.attributes)['service.name'];
      for (const { spans } of scopeSpans)
        for (const { attributes, links = [], ...span } of spans)
          this.spans.push({ ...span, service, links, attributes: valuesOf(attributes) });
    }
  }

  private takeMetrics({ resourceMetrics }: MetricBody): void {
    for (const { scopeMetrics } of resourceMetrics)
      for (const { metrics } of scopeMetrics) for (const metric of metrics) this.takeMetric(metric);
  }

  private takeMetric({ name, unit, sum, gauge }: JsonMetric): void {
    this.units.set(name, unit);
    for (const { attributes, asDouble, asInt } of (sum ?? gauge)?.dataPoints ?? []) {
      const labels = Object.entries(valuesOf(attributes)).map(([key, value]) => `${key}=${value}`);
      this.points.set(`${name}{${labels.sort().join()}}`, Number(asDouble ?? asInt));
    }
  }
}

interface TraceBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly JsonAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[];
  }[];
}

interface MetricBody {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly JsonMetric[] }[];
  }[];
}

function valuesOf(attributes: readonly JsonAttribute[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? (intValue === undefined ? (doubleValue ?? boolValue ?? '') : Number(intValue)),
    ]),
  );
}
