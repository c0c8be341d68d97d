/** Reads a text file of bounded size; a failure is a problem with the file's name. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Position, Problems } from './problem.js';

const FILE_BYTES_MAX = 1_048_576;
const NAME_A_FILE = 'name the configuration with -c FILE or KD_CONFIG';

/**
 * Reads a file of bounded size as text; undefined after a reported problem. `file` is the name in problems,
 * `path` its location.
 */
export function readText(
  file: string,
  path: string,
  problems: Problems,
  remedy = NAME_A_FILE,
): string | undefined {
  const bytes = readTextBytes(file, path, problems, remedy);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    problems.error({ file, line: 1, column: 1 }, null, 'is not valid UTF-8', 'save the file as UTF-8');
    return undefined;
  }
}

/**
 * The same for files that Java reads as ISO 8859-1, such as .properties: text that is not UTF-8 is read that
 * way.
 */
export function readJavaText(
  file: string,
  path: string,
  problems: Problems,
  remedy: string,
): string | undefined {
  const bytes = readTextBytes(file, path, problems, remedy);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

function readTextBytes(
  file: string,
  path: string,
  problems: Problems,
  remedy: string,
): Uint8Array | undefined {
  const bytes = readBytes(file, path, problems, remedy);
  if (bytes === undefined) return undefined;
  const start: Position = { file, line: 1, column: 1 };
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    problems.error(start, null, 'is UTF-16, not UTF-8', 'save the file as UTF-8');
    return undefined;
  }
  if (bytes.includes(0)) {
    problems.error(start, null, 'contains NUL bytes: it is not UTF-8 text', 'save the file as UTF-8');
    return undefined;
  }
  return bytes;
}

function readBytes(file: string, path: string, problems: Problems, remedy: string): Uint8Array | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    // Reads up to a bound instead of asking for the size: a pipe (`-c <(…)`) has none.
    const buffer = Buffer.alloc(FILE_BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const got = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += got;
      if (got === 0 || length > FILE_BYTES_MAX) break;
    }
    if (length <= FILE_BYTES_MAX) return buffer.subarray(0, length);
    problems.error(
      { file, line: 1, column: 1 },
      null,
      `is larger than ${FILE_BYTES_MAX} bytes`,
      'check that this is the right file',
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const what =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a directory' : `can't be read (${code})`;
    problems.error({ file, line: 1, column: 1 }, null, what, remedy);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return undefined;
}
