import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readReceipt } from '../../../src/app/receipts/read-receipt.js';
import { ReceiptFile } from '../../../src/app/receipts/receipt-file.js';
import { DispatcherError } from '../../../src/core/errors.js';
import { RecordingLogger } from '../../kafka/support.js';

const folder = mkdtempSync(join(tmpdir(), 'kd-receipt-'));

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

const LINE = JSON.stringify({
  kind: 'reloaded',
  time: 't',
  instance: 'i',
  configuration: '',
  transform: null,
});

async function linesOf(path: string): Promise<number> {
  return (await readReceipt(path, () => undefined)).lines;
}

test('a receipt is continued, also where its last line was cut', async () => {
  const path = join(folder, 'continued.jsonl');
  const logger = new RecordingLogger();
  for (let run = 1; run <= 3; run++) {
    const file = await ReceiptFile.open(path, logger);
    file.append(LINE);
    await file.close();
    assert.equal(await linesOf(path), run);
    appendFileSync(path, readFileSync(path, 'utf8').slice(0, 40 * run));
  }
});

test('a file that is no receipt is not touched', async () => {
  const path = join(folder, 'notes.txt');
  // Without a line feed it could be taken for a line that a crash has cut.
  for (const text of ['my notes\n', 'the only copy of a secret', '{}']) {
    writeFileSync(path, text);
    await assert.rejects(ReceiptFile.open(path, new RecordingLogger()), (error) => {
      assert.ok(error instanceof DispatcherError);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, /notes\.txt, line 1/);
      return true;
    });
    assert.equal(readFileSync(path, 'utf8'), text);
  }
  await assert.rejects(ReceiptFile.open('/dev/zero', new RecordingLogger()), /not a regular file/);
  await assert.rejects(
    ReceiptFile.open(join(folder, 'no', 'such', 'folder'), new RecordingLogger()),
    /can't be opened/,
  );
});

test('nothing is written into a receipt that another process has written to', async () => {
  const path = join(folder, 'shared.jsonl');
  const file = await ReceiptFile.open(path, new RecordingLogger());
  file.append(LINE);
  const other = await ReceiptFile.open(path, new RecordingLogger());
  other.append(LINE);
  assert.throws(
    () => file.append(LINE),
    (error) => error instanceof DispatcherError && error.code === 'RECEIPT_UNWRITABLE',
  );
  assert.equal(await linesOf(path), 2);
  await file.close();
  await other.close();
});
