import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';

/** Larger files are compared by size and time only: no store, secret or configuration is that large. */
const CONTENT_BYTES_MAX = 8 << 20;

/**
 * One text for the content of a file, or for the reason why it can't be read. It does not reveal the content.
 */
export async function fileDigest(path: string): Promise<string> {
  try {
    // Opening a pipe would wait for a writer, and the end of the process would wait for that.
    if (!(await stat(path)).isFile()) return 'not a regular file';
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
 * The first file whose content can be read only once, like a pipe: a second read gets nothing, or waits
 * forever.
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
