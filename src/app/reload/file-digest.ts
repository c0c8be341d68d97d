import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';

/** Of a larger file only size and time are looked at: no store, secret or configuration is that large. */
const CONTENT_BYTES_MAX = 8 << 20;

/** One text for the content of a file, or for why it can't be read. Contents don't follow from it. */
export async function fileDigest(path: string): Promise<string> {
  try {
    // To open a pipe would wait for somebody who writes to it, and the end of the process would wait for
    // that.
    if (!(await stat(path)).isFile()) return 'no regular file';
    const handle = await open(path, 'r');
    try {
      const { size, mtimeMs, ino } = await handle.stat();
      if (size > CONTENT_BYTES_MAX) return `large ${size} ${mtimeMs} ${ino}`;
      return createHash('sha256')
        .update(await handle.readFile())
        .digest('hex');
    } finally {
      await handle.close();
    }
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  }
}

/**
 * Of the files the first that gives its content only once, like a pipe; whoever reads it again gets nothing,
 * or waits for ever.
 */
export async function readOnceOnly(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const stats = await stat(path).catch(() => undefined);
    if (stats !== undefined && (stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice())) return path;
  }
  return undefined;
}

export async function digestOf(paths: readonly string[]): Promise<string> {
  const digests = await Promise.all(
    [...new Set(paths)].sort().map(async (path) => `${path}\0${await fileDigest(path)}`),
  );
  return createHash('sha256').update(digests.join('\n')).digest('hex');
}
