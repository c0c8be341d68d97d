/** Reads a store from disk: only what is a file, and no more of it than a store can be. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { StoreError } from './faults.js';
import { STORE_BYTES_MAX } from './limits.js';
import { readStore } from './read-store.js';
import type { Store, StoreOptions } from './store.js';

export function readStoreFile(file: string, options: Omit<StoreOptions, 'file'> = {}): Store {
  return readStore(readStoreBytes(file), { ...options, file });
}

function readStoreBytes(file: string): Buffer {
  // A named pipe without a writer would hold up the start for ever: opened without waiting, then looked at.
  const handle = orUnreadable(file, () => openSync(file, constants.O_RDONLY | constants.O_NONBLOCK));
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) {
      const what = stats.isDirectory()
        ? 'a directory'
        : stats.isFIFO()
          ? 'a named pipe'
          : 'not a regular file';
      throw new StoreError('not-a-file', file, `is ${what}`, {
        remedy: 'name the store itself, a JKS, PKCS#12 or PEM file',
      });
    }
    if (stats.size > STORE_BYTES_MAX) {
      throw new StoreError('limit', file, `has ${stats.size} bytes; a store has ${STORE_BYTES_MAX} at most`, {
        remedy: 'name the store itself, a JKS, PKCS#12 or PEM file',
      });
    }
    return orUnreadable(file, () => readFileSync(handle));
  } finally {
    closeSync(handle);
  }
}

function orUnreadable<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const what =
      code === 'ENOENT'
        ? 'is not there'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : `can't be read (${code})`;
    const remedy =
      code === 'EACCES'
        ? 'give the user that runs kd the right to read it'
        : 'check the path; a relative one starts at the file that names it, ' +
          'on the command line at the working directory';
    throw new StoreError('unreadable', file, what, { remedy, cause: error });
  }
}
