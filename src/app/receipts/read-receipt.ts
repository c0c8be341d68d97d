/** Reads the lines of a receipt, one after another, and checks that they are a chain. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CHAIN_START, checkLink, wordsOfFault } from '../../core/receipts/chain.js';
import type { ReceiptLine } from '../../core/receipts/lines.js';
import { readLine } from '../../core/receipts/read-line.js';

const NEWLINE = 10;
const LINE_BYTES_MAX = 256 << 20;
const CHUNK_BYTES = 1 << 20;

/** A line of a receipt that can't be trusted. */
export class ReceiptFault extends Error {
  override readonly name = 'ReceiptFault';
}

export interface ReceiptRead {
  /** The digest of the last line. */
  readonly sha256: string;
  readonly lines: number;
  /** Bytes up to the end of the last whole line. */
  readonly bytes: number;
  /** Bytes of a last line that was cut while it was written. */
  readonly tornBytes: number;
}

export type OnLine = (line: ReceiptLine, number: number, position: number, sha256: string) => void;

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Rejects with a {@link ReceiptFault} that names file and line. A missing file is an error of the system. */
export async function readReceipt(path: string, onLine: OnLine): Promise<ReceiptRead> {
  if (!(await stat(path)).isFile()) throw new ReceiptFault(`${path} is not a regular file`);
  let previous = CHAIN_START;
  let lines = 0;
  let bytes = 0;
  let pieces: Buffer[] = [];
  let pending = 0;
  const take = (): void => {
    const text = Buffer.concat(pieces).toString('utf8');
    lines += 1;
    const link = checkLink(text, previous, sha256);
    if (typeof link === 'string') throw new ReceiptFault(`${path}, line ${lines}: ${wordsOfFault(link)}`);
    previous = link.sha256;
    const line = readLine(text);
    if (typeof line === 'string') throw new ReceiptFault(`${path}, line ${lines}: ${line}`);
    onLine(line, lines, bytes, previous);
    bytes += pending + 1;
    pieces = [];
    pending = 0;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    const data = chunk as Buffer;
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      pieces.push(data.subarray(start, end));
      pending += end - start;
      take();
      start = end + 1;
    }
    pieces.push(data.subarray(start));
    pending += data.length - start;
    if (pending > LINE_BYTES_MAX)
      throw new ReceiptFault(`${path}, line ${lines + 1}: has more than ${LINE_BYTES_MAX} bytes`);
  }
  return { sha256: previous, lines, bytes, tornBytes: pending };
}

/** The text of the line that begins at this position. */
export async function lineAt(path: string, position: number): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const chunk of createReadStream(path, { start: position, highWaterMark: CHUNK_BYTES })) {
    const data = chunk as Buffer;
    const end = data.indexOf(NEWLINE);
    pieces.push(end < 0 ? data : data.subarray(0, end));
    if (end >= 0) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}
