import { DispatcherError } from '../../core/errors.js';
import { networkFaultOf } from '../results/network-fault.js';
import { describeThrown } from '../results/rejected.js';
import { loadError } from './load-error.js';
import { type LoadedTransform, readDefinition } from './loaded.js';

export const LoadLimits = {
  /** For a module's top level, including its imports. Long work belongs in `setup`, which has more time. */
  importMs: 10_000,
} as const;

/** Imports a compiled transform; errors name the user's file and line, by way of the source map. */
export async function importTransform(
  url: string,
  path: string,
  limitMs: number = LoadLimits.importMs,
): Promise<LoadedTransform> {
  process.setSourceMapsEnabled(true);
  let module: { readonly default?: unknown };
  try {
    module = await importWithin(url, path, limitMs);
  } catch (error) {
    if (error instanceof DispatcherError) throw error;
    const { name, message, stack } = describeThrown(error);
    throw loadError(
      path,
      `failed while it was loaded: ${name}: ${message}${placeOf(stack)}`,
      'correct the module',
      error,
    );
  }
  return readDefinition(module.default, path);
}

/**
 * The timer also keeps the process alive: without it, an `await` that never settles would end the process
 * silently.
 */
async function importWithin(
  url: string,
  path: string,
  limitMs: number,
): Promise<{ readonly default?: unknown }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          loadError(
            path,
            `its top level did not finish within ${limitMs} ms`,
            'find the `await` outside any function that never settles; long work belongs in setup',
          ),
        ),
      limitMs,
    );
  });
  try {
    return await Promise.race([import(url) as Promise<{ readonly default?: unknown }>, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Errors from the user's `setup` may be anything; the resulting error names file and line. An unreachable
 * service is not a configuration fault: trying again helps.
 */
export function setupError(path: string, thrown: unknown): DispatcherError {
  if (thrown instanceof DispatcherError) return thrown;
  const { name, message, stack } = describeThrown(thrown);
  const what = `setup failed: ${name}: ${message}${placeOf(stack)}`;
  const cause = stack ?? thrown;
  if (networkFaultOf(thrown) === undefined)
    return loadError(path, what, 'correct setup, or what it needs', cause);
  return new DispatcherError('SETUP_UNREACHABLE', `${path}: ${what}`, {
    remedy:
      'check that the service that setup connects to is up and can be reached from here, then start again',
    cause,
  });
}

/** The first file position in a stack. */
function placeOf(stack: string | undefined): string {
  const place = /\(?((?:file:\/\/)?\/[^\s()]+:\d+:\d+)\)?/.exec(stack ?? '')?.[1];
  return place === undefined ? '' : ` (${place.replace('file://', '')})`;
}
