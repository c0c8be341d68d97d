import type { Api } from './api.js';

/** Sends the spans and metrics that wait. False: not within the time, or they could not be sent. */
export async function flushProviders({ trace, metrics }: Api, timeoutMs: number): Promise<boolean> {
  const spans = trace.getTracerProvider();
  const provider = has(spans, 'getDelegate') ? spans.getDelegate() : spans;
  const flushed = Promise.all([flush(provider), flush(metrics.getMeterProvider())]).then(() => true);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([flushed.catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function flush(provider: unknown): Promise<void> {
  if (has(provider, 'forceFlush')) await provider.forceFlush();
}

/** These methods are no part of the API: the SDK's providers have them. */
function has<Name extends string>(
  value: unknown,
  name: Name,
): value is Readonly<Record<Name, () => unknown>> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}
