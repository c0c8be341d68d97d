import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricBooks } from '../../src/core/books/metric-books.js';

test('counters add up and observations keep their count, sum and bounds, by name and labels', () => {
  const books = new MetricBooks();
  books.add({ kind: 'count', name: 'late', value: 2 });
  books.add({ kind: 'count', name: 'late', value: 3 });
  books.add({ kind: 'count', name: 'late', value: 1, labels: { carrier: 'AA' } });
  for (const value of [4, -1, 9]) books.add({ kind: 'observe', name: 'late', value });
  assert.deepEqual(books.snapshot(), [
    { kind: 'count', name: 'late', value: 5 },
    { kind: 'count', name: 'late', labels: { carrier: 'AA' }, value: 1 },
    { kind: 'observe', name: 'late', observations: 3, sum: 12, min: -1, max: 9 },
  ]);
});

test('a thousand series are kept; values for further series are dropped and counted', () => {
  const books = new MetricBooks();
  for (let i = 0; i < 1005; i++) books.add({ kind: 'count', name: `n${i}`, value: 1 });
  books.add({ kind: 'count', name: 'n0', value: 1 });
  assert.equal(books.snapshot().length, 1000);
  assert.equal(books.leftOut, 5);
  assert.deepEqual(books.snapshot()[0], { kind: 'count', name: 'n0', value: 2 });
});
