import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Of a larger file only size and time are looked at: no store, secret or configuration is that large. */
const CONTENT_BYTES_MAX = 8 << 20;

/** One text for the content of a file, or for why it can't be read. Contents don't follow from it. */
export async function fileDigest(path: string): Promise<string> {
  try {
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

export async function digestOf(paths: readonly string[]): Promise<string> {
  const digests = await Promise.all([...new Set(paths)].sort().map(async (path) => `${path}\0${await fileDigest(path)}`));
  return createHash('sha256').update(digests.join('\n')).digest('hex');
}
