/** Reads a store from disk: only regular files, and only up to the size limit. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { StoreError } from './faults.js';
import { STORE_BYTES_MAX } from './limits.js';
import { readStore } from './read-store.js';
import type { Store, StoreOptions } from './store.js';

export function readStoreFile(file: string, options: Omit<StoreOptions, 'file'> = {}): Store {
  return readStore(readStoreBytes(file), { ...options, file });
}

function readStoreBytes(file: string): Buffer {
  // Opening a named pipe without a writer would block the start forever, so it is opened without waiting,
  // then checked.
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
      throw new StoreError('limit', file, `has ${stats.size} bytes; a store has at most ${STORE_BYTES_MAX}`, {
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
        ? 'does not exist'
        : code === 'EACCES'
          ? 'is not readable by this user'
          : `can't be read (${code})`;
    const remedy =
      code === 'EACCES'
        ? 'give the user that runs kd read permission'
        : 'check the path; a relative one starts at the file that names it, ' +
          'on the command line at the working directory';
    throw new StoreError('unreadable', file, what, { remedy, cause: error });
  }
}
