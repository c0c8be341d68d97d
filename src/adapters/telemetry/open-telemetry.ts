import { dirname } from 'node:path';
import type { Logger } from '../../ports/logger.js';
import type { Telemetry } from '../../ports/telemetry.js';
import { findApi, hasMeter, hasTracer } from './api.js';
import { BatchSpans } from './batch-spans.js';
import { reportDiagnostics } from './diagnostics.js';
import { flushProviders } from './flush.js';
import { importTelemetry } from './module.js';
import { ObservedMetrics } from './observed-metrics.js';

export interface TelemetrySettings {
  /** The user's module that registers an SDK; undefined: `node --require` or `--import` did, or nobody. */
  readonly module: string | undefined;
  /** Where `@opentelemetry/api` may be installed. */
  readonly directories: readonly string[];
  readonly flushTimeoutMs: number;
  readonly pipeline: string;
  readonly version: string;
  readonly logger: Logger;
}

const SCOPE = 'kafka-dispatcher';

/** Undefined: no SDK is registered, and nothing will be done. Rejects if the module can't be loaded. */
export async function startOpenTelemetry(settings: TelemetrySettings): Promise<Telemetry | undefined> {
  const { module, directories, logger, version, pipeline, flushTimeoutMs } = settings;
  if (module !== undefined) await importTelemetry(module);
  const { api, isRegistered } = findApi([...(module === undefined ? [] : [dirname(module)]), ...directories]);
  if (api === undefined) {
    warnOfNothing(settings, isRegistered);
    return undefined;
  }
  const failed = reportDiagnostics(api, logger);
  const tracer = hasTracer(api) ? api.trace.getTracer(SCOPE, version) : undefined;
  const meter = hasMeter(api) ? api.metrics.getMeter(SCOPE, version) : undefined;
  logger.info('OpenTelemetry is in use', { traces: tracer !== undefined, metrics: meter !== undefined });
  const all = new Set<ObservedMetrics>();
  return {
    tracer: (job) => (tracer === undefined ? undefined : new BatchSpans({ api, tracer, failed }, job)),
    observe: (families) => {
      if (meter === undefined) return () => undefined;
      const observed = new ObservedMetrics({ meter, pipeline, families, failed });
      all.add(observed);
      return () => {
        all.delete(observed);
        observed.end();
      };
    },
    flush: (withinMs) => {
      for (const observed of all) observed.refresh();
      return flushProviders(api, Math.min(withinMs, flushTimeoutMs));
    },
  };
}

function warnOfNothing({ module, directories, logger }: TelemetrySettings, isRegistered: boolean): void {
  if (isRegistered)
    logger.warn(
      'an OpenTelemetry SDK is registered, but @opentelemetry/api is not found: nothing is traced',
      {
        looked: directories.join(' '),
        remedy: 'install @opentelemetry/api beside the configuration, in the version that the SDK uses',
      },
    );
  else if (module !== undefined)
    logger.warn('telemetry.module has registered no OpenTelemetry provider: nothing is traced', {
      module,
      remedy: 'let it register a tracer provider or a meter provider; docs/TELEMETRY.md has an example',
    });
}
