import { DispatcherError } from './errors.js';

const REMEDY =
  'build it where the package is installed: npm rebuild node-rdkafka kafka-dispatcher (with -g for a ' +
  'global one; in a checkout: make native). ' +
  'npm leaves it out with --ignore-scripts, and another Node or ' +
  'system than the one it was built on needs its own';

/**
 * Returns the result of `require` for a library that is compiled when the package is installed, or throws an
 * error with the remedy.
 */
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
