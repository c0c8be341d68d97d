/**
 * The chain of a receipt's lines: each has the digest of the line before it, and one of itself, so that an
 * edited, lost or moved line is found with its number.
 */

/** SHA-256, hexadecimal. */
export type Digest = (text: string) => string;

export const CHAIN_START = '0'.repeat(64);

const TAIL = /,"sha256":"([0-9a-f]{64})"\}$/;
const HEAD = /^\{"previous":"([0-9a-f]{64})",/;

export interface SealedLine {
  /** Without a line feed. */
  readonly text: string;
  readonly sha256: string;
}

/** How every line begins. */
export const LINE_START = '{"previous":"';

/** `fields`: a JSON object with at least one field. */
export function seal(fields: string, previous: string, digest: Digest): SealedLine {
  const open = `${LINE_START}${previous}",${fields.slice(1, -1)}`;
  const sha256 = digest(open);
  return { text: `${open},"sha256":"${sha256}"}`, sha256 };
}

export type LinkFault = 'no-line' | 'edited' | 'not-next';

/** Checks one line; returns its digest, or what is wrong with it. */
export function checkLink(text: string, previous: string, digest: Digest): { sha256: string } | LinkFault {
  const [tail, sha256] = TAIL.exec(text) ?? [];
  const [, before] = HEAD.exec(text) ?? [];
  if (tail === undefined || sha256 === undefined || before === undefined) return 'no-line';
  if (digest(text.slice(0, -tail.length)) !== sha256) return 'edited';
  return before === previous ? { sha256 } : 'not-next';
}

const WORDS: Readonly<Record<LinkFault, string>> = {
  'no-line': 'is not a line of a receipt',
  edited: 'was changed after it was written: its digest is another one',
  'not-next': 'does not follow the line before it: lines are missing, were moved, or are of another receipt',
};

export function wordsOfFault(fault: LinkFault): string {
  return WORDS[fault];
}
