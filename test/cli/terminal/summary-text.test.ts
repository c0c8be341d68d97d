import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byPartition, unsettledText } from '../../../src/cli/terminal/summary-text.js';

test('records of partitions that went to somebody else are named only where there are some', () => {
  assert.equal(unsettledText({ unsettled: 192, handedOver: 0 }), '192 unsettled');
  assert.equal(
    unsettledText({ unsettled: 0, handedOver: 7 }),
    '7 left to the next owner of their partitions',
  );
  assert.equal(
    unsettledText({ unsettled: 1200, handedOver: 7 }),
    '1,200 unsettled, 7 left to the next owner of their partitions',
  );
  assert.equal(unsettledText({ unsettled: 0, handedOver: 0 }), undefined);
});

test('neighbouring partitions of which the same is to be said are one item', () => {
  const place = (topic: string, partition: number, text: string) => ({ topic, partition, text });
  assert.deepEqual(
    byPartition([
      place('a', 0, 'empty'),
      place('a', 1, 'empty'),
      place('a', 2, '5–9'),
      place('a', 4, '5–9'),
      place('b', 5, '5–9'),
    ]),
    ['a[0-1] empty', 'a[2] 5–9', 'a[4] 5–9', 'b[5] 5–9'],
  );
  assert.deepEqual(byPartition([]), []);
});
