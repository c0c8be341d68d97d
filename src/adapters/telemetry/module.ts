/** The user's module that registers an SDK. */
import { pathToFileURL } from 'node:url';
import { DispatcherError } from '../../core/errors.js';
import { describeThrown } from '../../transform/results/rejected.js';

/** Its top level may wait for something, but not for long: nothing is read before. */
const IMPORT_MAX_MS = 10_000;

export async function importTelemetry(path: string, limitMs = IMPORT_MAX_MS): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(fault(path, `its top level did not finish within ${limitMs} ms`)),
      limitMs,
    );
  });
  try {
    await Promise.race([import(pathToFileURL(path).href), late]);
  } catch (error) {
    if (error instanceof DispatcherError) throw error;
    const { name, message } = describeThrown(error);
    throw fault(path, `failed while it was loaded: ${name}: ${message}`, error);
  } finally {
    clearTimeout(timer);
  }
}

function fault(path: string, what: string, cause?: unknown): DispatcherError {
  return new DispatcherError('CONFIGURATION', `telemetry.module: ${path}: ${what}`, {
    remedy: 'correct the module, or install what it imports beside it; docs/TELEMETRY.md has an example',
    cause,
  });
}
