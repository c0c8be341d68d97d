// Registers OpenTelemetry's SDK: `telemetry.module` of kd.yml names this file. Where the collector is and
// how many batches are traced is said by OpenTelemetry's own environment variables.
import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const name = process.env.OTEL_SERVICE_NAME ?? 'clicks';
const resource = defaultResource().merge(resourceFromAttributes({ 'service.name': name }));

new NodeTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
}).register();

metrics.setGlobalMeterProvider(
  new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
  }),
);
