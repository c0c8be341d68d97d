import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OTHER_TOPICS } from '../../../src/core/books/accounting.js';
import { UndeliveredBooks } from '../../../src/core/books/undelivered-books.js';

test('refused results are counted by topic and error, and those of many topics together', () => {
  const books = new UndeliveredBooks();
  for (let n = 0; n < 1_000; n += 1) books.failed(`t${n}`, 'INVALID_RECORD');
  books.failed('t0', 'INVALID_RECORD');
  const counts = books.snapshot();
  assert.equal(
    counts.reduce((sum, { records }) => sum + records, 0),
    1_001,
  );
  assert.ok(counts.length <= 201);
  assert.deepEqual(counts[0], { topic: 't0', code: 'INVALID_RECORD', records: 2 });
  assert.deepEqual(counts.at(-1), { topic: OTHER_TOPICS, code: 'INVALID_RECORD', records: 800 });
});
