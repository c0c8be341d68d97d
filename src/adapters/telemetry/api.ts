/**
 * Finds the copy of `@opentelemetry/api` with which an SDK was registered in this process. A copy of another
 * version than the registered one would find nothing, so those that are loaded come first.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as OpenTelemetry from '@opentelemetry/api';

export type Api = typeof OpenTelemetry;

/** How the copies of the package find each other, whatever their minor version. */
const SHARED = Symbol.for('opentelemetry.js.api.1');
const ENTRY = '/@opentelemetry/api/build/src/index.js';

export interface FoundApi {
  /** Somebody has registered something. */
  readonly isRegistered: boolean;
  /** Undefined: nothing is registered, or no copy finds it. */
  readonly api: Api | undefined;
}

/** `directories`: where the package may be installed, besides what is loaded already. */
export function findApi(directories: readonly string[]): FoundApi {
  const shared = registered();
  if (shared?.['trace'] === undefined && shared?.['metrics'] === undefined)
    return { isRegistered: false, api: undefined };
  const here = createRequire(import.meta.url);
  const loaded = Object.keys(here.cache).filter((path) => path.endsWith(ENTRY));
  const installed = directories.map((directory) => tryResolve(createRequire(join(directory, 'x.js'))));
  for (const path of [...loaded, ...installed, tryResolve(here)]) {
    const api = path === undefined ? undefined : (here(path) as Api);
    if (api !== undefined && (hasTracer(api) || hasMeter(api))) return { isRegistered: true, api };
  }
  return { isRegistered: true, api: undefined };
}

export function hasTracer({ trace, ProxyTracerProvider }: Api): boolean {
  const provider = trace.getTracerProvider();
  // Registered by another copy of the package, or by this one.
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('') !== undefined;
}

export function hasMeter({ metrics, createNoopMeter }: Api): boolean {
  return metrics.getMeterProvider().getMeter('') !== createNoopMeter();
}

/** The user has said where the SDK's own messages go. */
export function hasDiagnostics(): boolean {
  return registered()?.['diag'] !== undefined;
}

function registered(): Readonly<Record<string, unknown>> | undefined {
  const shared: unknown = Reflect.get(globalThis, SHARED);
  return typeof shared === 'object' && shared !== null ? { ...shared } : undefined;
}

function tryResolve(require: NodeJS.Require): string | undefined {
  try {
    return require.resolve('@opentelemetry/api');
  } catch {
    // Not installed there.
    return undefined;
  }
}
