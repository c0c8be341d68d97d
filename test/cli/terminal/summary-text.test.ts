import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unsettledText } from '../../../src/cli/terminal/summary-text.js';

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
