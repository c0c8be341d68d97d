/**
 * PEM as people hand it round: several blocks, comments between them, any line end, or none at all (a
 * property on one line).
 */
import { ENTRIES_MAX } from '../limits.js';
import type { Reading } from '../reading.js';

export interface PemBlock {
  readonly label: string;
  /** The lines `Name: value` of old encrypted keys, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Buffer;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';
const LABEL_CHARACTERS_MAX = 64;

export function readPemBlocks(text: string, reading: Reading): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
    if (blocks.length >= ENTRIES_MAX) throw reading.limit(`holds more than ${ENTRIES_MAX} PEM blocks`);
    const labelStart = at + BEGIN.length;
    const labelEnd = text.indexOf(DASHES, labelStart);
    const label = labelEnd < 0 ? '' : text.slice(labelStart, labelEnd);
    if (labelEnd < 0) throw reading.truncated('the first line of a PEM block');
    if (label.length > LABEL_CHARACTERS_MAX || !/^[A-Z0-9 ]+$/.test(label))
      throw reading.damaged('a PEM block has no valid first line');
    const end = `-----END ${label}-----`;
    const bodyEnd = text.indexOf(end, labelEnd);
    if (bodyEnd < 0) throw reading.truncated(`the PEM block ${label} has no last line`);
    blocks.push({ label, ...bodyOf(text.slice(labelEnd + DASHES.length, bodyEnd), label, reading) });
    at = bodyEnd + end.length;
  }
  return blocks;
}

function bodyOf(
  body: string,
  label: string,
  reading: Reading,
): { headers: Map<string, string>; bytes: Buffer } {
  // Without its last line a block seems to continue in the next one.
  if (body.includes(DASHES)) throw reading.damaged(`the PEM block ${label} has no last line`);
  const headers = new Map<string, string>();
  const base64: string[] = [];
  for (const line of body.split(/[\r\n]+/)) {
    const header = /^([A-Za-z-]{1,32}):\s*(.{0,256})$/.exec(line.trim());
    if (header === null) base64.push(line.replaceAll(/[ \t]/g, ''));
    else headers.set((header[1] ?? '').toLowerCase(), header[2] ?? '');
  }
  const joined = base64.join('');
  if (joined.length === 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(joined))
    throw reading.damaged(`the PEM block ${label} is not base64`);
  return { headers, bytes: Buffer.from(joined, 'base64') };
}
