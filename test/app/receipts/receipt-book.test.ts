import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readReceipt } from '../../../src/app/receipts/read-receipt.js';
import { ReceiptBook } from '../../../src/app/receipts/receipt-book.js';
import { ReceiptFile } from '../../../src/app/receipts/receipt-file.js';
import type { ReceiptLine } from '../../../src/core/receipts/lines.js';
import type { SettledOutcomes } from '../../../src/ports/receipts.js';
import { RecordingLogger } from '../../kafka/support.js';

const folder = mkdtempSync(join(tmpdir(), 'kd-book-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const BLOCK = new Uint8Array(8);
const NONE_HASHED = (): Uint8Array => assert.fail('the hashes are known');

async function bookIn(name: string): Promise<{ book: ReceiptBook; lines: () => Promise<ReceiptLine[]> }> {
  const path = join(folder, name);
  const file = await ReceiptFile.open(path, new RecordingLogger());
  const lines = async (): Promise<ReceiptLine[]> => {
    const found: ReceiptLine[] = [];
    await readReceipt(path, (line) => found.push(line));
    return found;
  };
  return { book: new ReceiptBook({ file, hashMarks: NONE_HASHED }), lines };
}

function settle(book: ReceiptBook, from: number, rowCount: number): void {
  const outcomes: SettledOutcomes = { transformed: rowCount, filtered: [], deadLettered: [] };
  const hash = { sum: 1n, marks: new Uint8Array(rowCount) };
  const place = { topic: 'in', partition: 0, firstRow: 0, from, to: from + rowCount };
  book.settled(BLOCK, [{ ...place, rowCount, outputs: rowCount, hash }], outcomes);
}

test('nothing is written before it has to be, and nothing twice', async () => {
  const { book, lines } = await bookIn('plain.jsonl');
  settle(book, 0, 10);
  settle(book, 10, 5);
  assert.deepEqual(await lines(), []);
  book.write();
  book.write();
  const [line, ...more] = await lines();
  assert.ok(line?.kind === 'settled' && more.length === 0);
  assert.equal(line.outcomes.transformed, 15);
  await book.close();
});

test('what waits behind a stuck batch is written in lines of a bounded size', async () => {
  const { book, lines } = await bookIn('stuck.jsonl');
  for (let n = 0; n < 25; n++) settle(book, n * 100_000, 100_000);
  const written = await lines();
  assert.equal(written.length, 2, '2.5 million records, a line for each million');
  book.write();
  const all = await lines();
  const transformed = all.map((line) => (line.kind === 'settled' ? line.outcomes.transformed : 0));
  assert.equal(
    transformed.reduce((sum, records) => sum + records, 0),
    2_500_000,
  );
  await book.close();
});
