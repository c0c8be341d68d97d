import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadingPace } from '../../../src/core/flow/reading-pace.js';

test('without any rate everything may be read at once', () => {
  const pace = new ReadingPace(undefined, 0);
  assert.equal(pace.isLimited, false);
  assert.deepEqual([pace.records(16_000, 50_000, 0), pace.delayMs(0)], [16_000, 0]);
});

test('the smaller of its own rate and what is left to it counts', () => {
  const pace = new ReadingPace({ unit: 'records', perSecond: 1_000 }, 0);
  pace.limit(100, 0);
  assert.equal(pace.records(16_000, 0, 0), 25);
  pace.limit(8_000, 0);
  assert.equal(pace.records(16_000, 0, 0), 0, 'a raise gives nothing at once');
  assert.equal(pace.records(16_000, 0, 1_000), 250);
  pace.limit(undefined, 1_000);
  pace.took(250, 1);
  assert.equal(pace.records(16_000, 0, 1_100), 100);
});

test('what is owed at a fast rate is not paid at a slow one', () => {
  const pace = new ReadingPace(undefined, 0);
  pace.limit(100_000, 0);
  assert.equal(pace.records(16_000, 0, 0), 16_000);
  pace.took(16_000, 1);
  pace.took(16_000, 1);
  pace.limit(10, 10);
  assert.ok(pace.delayMs(10) <= 100);
  pace.took(16_000, 1);
  assert.ok(pace.delayMs(10) <= 1_100, 'a block that was on its way costs a second at most');
});
