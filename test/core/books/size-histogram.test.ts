import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SizeHistogram } from '../../../src/core/books/size-histogram.js';

test('a size is counted in every bucket that is wide enough, and always in the totals', () => {
  const sizes = new SizeHistogram(1, 4);
  for (const size of [1, 2, 3, 8, 9]) sizes.saw(size);
  assert.deepEqual(sizes.distribution(), {
    steps: [
      { upTo: 1, count: 1 },
      { upTo: 2, count: 2 },
      { upTo: 4, count: 3 },
      { upTo: 8, count: 4 },
    ],
    count: 5,
    sum: 23,
  });
});
