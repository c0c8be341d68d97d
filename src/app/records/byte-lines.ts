/** Lines of a stream as the bytes they are: a line ends at \n or \r\n and nowhere else. */
import { DispatcherError } from '../../core/errors.js';

const LINE_BYTES_MAX = 64 * 1_048_576;
const NEWLINE = 10;
const RETURN = 13;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

export async function* byteLines(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      pieces.push(data.subarray(start, end));
      yield lineOf(pieces);
      pieces = [];
      bytes = 0;
      start = end + 1;
    }
    pieces.push(data.subarray(start));
    bytes += data.length - start;
    if (bytes > LINE_BYTES_MAX)
      throw new DispatcherError('USAGE', `has more than ${LINE_BYTES_MAX} bytes`, {
        remedy: 'end each record with a line feed',
      });
  }
  if (bytes > 0) yield lineOf(pieces);
}

function lineOf(pieces: readonly Buffer[]): Buffer {
  const line = Buffer.concat(pieces);
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}

/** A byte order mark that an editor put in front of the first line. */
export function withoutMark(line: Buffer): Buffer {
  const marked = line.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  return marked ? line.subarray(BYTE_ORDER_MARK.length) : line;
}
