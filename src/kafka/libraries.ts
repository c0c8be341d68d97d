/**
 * The two libraries that are compiled when the package is installed: if one is missing or unusable, the
 * message says what to do.
 */
import { createRequire } from 'node:module';
import type rdkafka from 'node-rdkafka';
import { DispatcherError } from '../core/errors.js';

const REMEDY =
  'build it where the package is installed: npm rebuild node-rdkafka kafka-dispatcher (with -g for a ' +
  'global one; in a checkout: make native). ' +
  'npm leaves it out with --ignore-scripts, and another Node or ' +
  'system than the one it was built on needs its own';

let loadedRdkafka: typeof rdkafka | undefined;

/** node-rdkafka with its librdkafka. Loaded on first use, so that help and validation work without it. */
export function loadRdkafka(): typeof rdkafka {
  loadedRdkafka ??= loadBuilt(
    'node-rdkafka',
    () => createRequire(import.meta.url)('node-rdkafka') as typeof rdkafka,
  );
  return loadedRdkafka;
}

/** Returns the result of `require`, or throws an error with the remedy. */
export function loadBuilt<Library>(name: string, require: () => Library): Library {
  try {
    return require();
  } catch (cause) {
    // The lines after the first list every place that was searched.
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new DispatcherError('CONFIGURATION', `${name} can't be loaded: ${reason}`, {
      remedy: REMEDY,
      cause,
    });
  }
}
