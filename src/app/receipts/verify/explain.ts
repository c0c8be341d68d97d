/** Finds the record at which a listed part differs, by the marks in the receipt. */
import { type Difference, firstDifference, type SeenRecord } from '../../../core/receipts/compare.js';
import type { ReceiptLine } from '../../../core/receipts/lines.js';
import { readLine } from '../../../core/receipts/read-line.js';
import { sumAt } from '../../../core/receipts/sum.js';
import { hashEach } from '../../compose/receipts.js';
import { lineAt } from '../read-receipt.js';
import type { ListedPart } from './listed.js';
import { offsetsOf } from './offsets-of.js';
import type { Tally } from './partition-check.js';
import { type ReadingSettings, readAgain } from './topic-reading.js';

const HASH_BYTES = 16;

interface HashedRecord extends SeenRecord {
  readonly hash: bigint;
}

export interface Explained {
  readonly part: ListedPart;
  readonly kind: 'changed' | 'dropped' | 'inserted' | 'doubled' | 'somewhere';
  readonly offset: number;
  /** The mark of the record that was moved, changed or inserted. */
  readonly mark: number;
}

export async function explain(settings: ReadingSettings, { part }: Tally): Promise<Explained> {
  const marks = await marksOf(part);
  const seen = await recordsOf(settings, part);
  let marksBefore = 0;
  for (const [index, [from, to]] of part.ranges.entries()) {
    const inRange = seen.filter(({ offset }) => offset >= from && offset < to);
    const records = part.recordsIn[index] ?? 0;
    const expected = marks.subarray(marksBefore, marksBefore + records);
    marksBefore += records;
    const difference = firstDifference(from, expected, inRange);
    if (difference !== undefined) return explained(part, difference, expected, inRange);
  }
  return { part, kind: 'somewhere', offset: part.ranges[0]?.[0] ?? 0, mark: 0 };
}

function explained(
  part: ListedPart,
  { kind, offset, index }: Difference,
  expected: Uint8Array,
  seen: readonly HashedRecord[],
): Explained {
  if (kind !== 'inserted') return { part, kind, offset, mark: expected[index] ?? 0 };
  const inserted = seen[index];
  const isCopy = seen.some(({ hash }, at) => at !== index && hash === inserted?.hash);
  return { part, kind: isCopy ? 'doubled' : 'inserted', offset, mark: inserted?.mark ?? 0 };
}

/** The marks that the receipt has of this part; its file was checked before. */
async function marksOf({ file, position, side, topic, partition }: ListedPart): Promise<Uint8Array> {
  const line = readLine(await lineAt(file, position));
  if (typeof line === 'string' || line.kind !== 'settled') return new Uint8Array();
  const found = sideOf(line, side).find((one) => one.topic === topic && one.partition === partition);
  return Buffer.from(found?.marks ?? '', 'base64');
}

function sideOf(
  line: Extract<ReceiptLine, { kind: 'settled' }>,
  side: ListedPart['side'],
): readonly { readonly topic: string; readonly partition: number; readonly marks: string }[] {
  return side === 'input' ? line.inputs : line.outputs;
}

async function recordsOf(settings: ReadingSettings, part: ListedPart): Promise<readonly HashedRecord[]> {
  const { side, topic, partition, ranges } = part;
  const from = ranges[0]?.[0] ?? 0;
  const to = ranges.at(-1)?.[1] ?? from;
  const seen: HashedRecord[] = [];
  // Ranges may be far apart: only the records in them are kept.
  let next = 0;
  await readAgain(settings, {
    side,
    topic,
    wanted: [{ partition, from, to }],
    onSegment: ({ block }, { firstRow, rowCount }) => {
      const hashes = hashEach(block.bytes, firstRow, rowCount);
      const offsets = offsetsOf(block.bytes, firstRow, rowCount);
      for (let row = 0; row < rowCount; row++) {
        const offset = offsets[row] ?? 0;
        while (offset >= (ranges[next]?.[1] ?? Number.POSITIVE_INFINITY)) next++;
        if (offset < (ranges[next]?.[0] ?? Number.POSITIVE_INFINITY)) continue;
        const hash = sumAt(hashes, row * HASH_BYTES);
        // The highest byte of the lower word, as in native/record_hash.h.
        const mark = hashes[row * HASH_BYTES + 7] ?? 0;
        seen.push({ offset, mark, hash });
      }
    },
  });
  return seen;
}
