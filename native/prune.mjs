// Removes librdkafka's sources and object files from an installed node-rdkafka: 430 of its 500 MB, which are
// not needed after the build. The libraries, and the headers that the addon is compiled with, stay.
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Paths inside node-rdkafka. */
const NEEDED_BY_BUILDS_ONLY = ['deps', 'build/Release/obj.target', 'build/Release/.deps', 'build/deps/share'];
const NEEDED = ['build/Release/node-librdkafka.node', 'build/deps/librdkafka.so.1'];
const HEADERS = 'build/deps/include/librdkafka/rdkafka.h';

function bytesOf(path) {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  if (!status.isDirectory()) return status.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

/** Static libraries and programs, besides the shared libraries. */
function extraLibraries(rdkafka) {
  const folder = join(rdkafka, 'build/deps');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.a'))
    .map((name) => join('build/deps', name));
}

/**
 * Returns the number of bytes freed; 0 if something it relies on is missing, and then nothing was removed.
 */
export function pruneInstalled(rdkafka) {
  if (![...NEEDED, HEADERS].every((name) => existsSync(join(rdkafka, name)))) return 0;
  const superfluous = [...NEEDED_BY_BUILDS_ONLY, ...extraLibraries(rdkafka)].map((name) =>
    join(rdkafka, name),
  );
  const bytes = superfluous.reduce((sum, path) => sum + bytesOf(path), 0);
  for (const path of superfluous) rmSync(path, { recursive: true, force: true });
  return bytes;
}
