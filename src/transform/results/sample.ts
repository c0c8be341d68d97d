/**
 * What is shown of a dead letter's message outside the dead-letter topic. Status, logs and summaries are read
 * by more people than the records, and messages quote them.
 */
import type { InputBatchReader } from '../../wire/input-reader.js';

export type Samples = 'full' | 'masked' | 'none';

export const NOT_SHOWN = '(not shown: dispatcher.dead-letter.samples)';
const HIDDEN = '…';

/** As much of a message as is ever shown. */
const MESSAGE_CHARACTERS_MAX = 500;
/** No word of a message about a larger record is shown. */
const COMPARED_BYTES_MAX = 1_048_576;

/** One of a worker's tasks asks for at most one message per code. */
export function sampleOf(mode: Samples, message: string, reader: InputBatchReader, row: number): string {
  if (mode === 'full') return message;
  if (mode === 'none') return NOT_SHOWN;
  const start = reader.keyStart(row);
  const end = reader.headersStart(row) + Math.max(0, reader.headersLength(row));
  if (end - start > COMPARED_BYTES_MAX) return NOT_SHOWN;
  return maskedSample(message, reader.bytes.toString('utf8', start, end));
}

/** Names of fields in JSON. They are not what the record says, and messages need them. */
const FIELD_NAME = /"([A-Za-z_$][\w$.-]{0,63})"\s*:/g;
/** A quote that the end of the message cut off reaches to that end; an apostrophe within a word is none. */
const QUOTES = [
  '"([^"]*)(?:"|$)',
  "(?<![\\p{L}\\p{N}])'([^']*)(?:'(?!\\p{L})|$)",
  '`([^`]*)(?:`|$)',
  '“([^”]*)(?:”|$)',
  '«([^»]*)(?:»|$)',
];
const QUOTED = new RegExp(QUOTES.join('|'), 'gu');
const NESTED = /\{(?:.*\}|.*$)|\[(?:.*\]|.*$)/gs;
const ADDRESS = /\S+@\S+/g;
/** Keys and tokens. */
const LONG = /(?=\S*(?:\d|[a-z][A-Z]))[^\s…]{32,}/g;
/** Numbers, dates, telephone numbers, keys with digits. */
const WITH_DIGITS = /[\p{L}\p{N}_-]*\p{N}[\p{L}\p{N}_-]*/gu;
const DIGITS_APART = /[#+][ #.,:/+()-]*#/g;
const PLAIN_WORDS = /^(?:utf-?(?:8|16)|u?int(?:8|16|32|64)|base64|sha-?256|iso-?8601)$/i;
const WORD = /\p{L}[\p{L}\p{M}'’-]*/gu;
/** Single letters are in every record. */
const WORD_LENGTH_MIN = 2;
/** Shorter words are often parts of others. */
const PART_LENGTH_MIN = 4;

/**
 * Hides what has the shape of a value (quoted text, numbers, addresses, nested values) and every word that is
 * in the record, whatever its case.
 */
export function maskedSample(message: string, record: string): string {
  const names = new Set<string>();
  const said = unescaped(record)
    .replaceAll(FIELD_NAME, (_, name: string) => {
      names.add(name);
      return ' ';
    })
    .toLowerCase();
  const isName = (text: string): boolean => names.has(text) && !isIn(said, text);
  return message
    .slice(0, MESSAGE_CHARACTERS_MAX)
    .replaceAll(QUOTED, (all, ...groups: unknown[]) => {
      const inner = groups.slice(0, QUOTES.length).find((group) => typeof group === 'string') as
        | string
        | undefined;
      return isName(inner ?? '') ? all : `"${HIDDEN}"`;
    })
    .replaceAll(NESTED, HIDDEN)
    .replaceAll(ADDRESS, HIDDEN)
    .replaceAll(LONG, HIDDEN)
    .replaceAll(WITH_DIGITS, (word) => (PLAIN_WORDS.test(word) ? word : '#'))
    .replaceAll(DIGITS_APART, '#')
    .replaceAll(WORD, (word) => (isIn(said, word) ? HIDDEN : word))
    .replaceAll(/…(?:[ ,;.]*…)+/g, HIDDEN);
}

function isIn(record: string, word: string): boolean {
  if (word.length < WORD_LENGTH_MIN) return false;
  const wanted = word.toLowerCase();
  for (let at = record.indexOf(wanted); at >= 0; at = record.indexOf(wanted, at + 1)) {
    if (word.length >= PART_LENGTH_MIN) return true;
    const around =
      record.slice(Math.max(0, at - 1), at) + record.slice(at + word.length, at + word.length + 1);
    if (!/\p{L}/u.test(around)) return true;
  }
  return false;
}

/** JSON may write any character as its number. */
function unescaped(record: string): string {
  return record.replaceAll(/\\u([\da-f]{4})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
