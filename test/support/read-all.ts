import type { Readable } from 'node:stream';

/**
 * Reads everything that is waiting in a stream, as text. Node 26 returns one chunk per read, earlier versions
 * all of them.
 */
export function readAll(stream: Readable): string {
  const chunks: string[] = [];
  for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(String(chunk));
  return chunks.join('');
}
