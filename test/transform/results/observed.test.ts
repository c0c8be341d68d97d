/** What context.metrics counts in one batch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricBooks } from '../../../src/core/books/metric-books.js';
import { Reports } from '../../../src/transform/reports.js';

test('every observed value of a batch is counted, however many there are, in one entry', () => {
  const reports = new Reports();
  for (let n = 1; n <= 16_000; n++) reports.observe('size', n);
  const taken = reports.takeCounts() ?? [];
  assert.equal(taken.length, 1);
  const books = new MetricBooks();
  for (const entry of taken) books.add(entry);
  books.add({ kind: 'observe', name: 'size', value: -4 });
  assert.deepEqual(books.snapshot(), [
    { kind: 'observe', name: 'size', observations: 16_001, sum: 128_007_996, min: -4, max: 16_000 },
  ]);
  assert.equal(reports.takeLogs(), undefined);
  assert.equal(reports.takeCounts(), undefined);
});

test('names without end are left out, and the log says what the limit is', () => {
  const reports = new Reports();
  for (let n = 0; n < 300; n++) reports.observe(`size ${n}`, n);
  assert.equal(reports.takeCounts()?.length, 200);
  assert.match(
    reports.takeLogs()?.[0]?.message ?? '',
    /^100 values of context\.metrics were left out: .* 200 /,
  );
});
