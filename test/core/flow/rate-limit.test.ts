import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RateLimit } from '../../../src/core/flow/rate-limit.js';

test('a quarter of a second may be read at once, then as much as time allows', () => {
  const limit = new RateLimit({ unit: 'records', perSecond: 1_000 }, 0);
  assert.equal(limit.records(16_000, 0, 0), 250);
  limit.took(250, 1_000_000);
  assert.equal(limit.records(16_000, 0, 0), 0);
  assert.equal(limit.delayMs(0), 50);
  assert.equal(limit.records(16_000, 0, 49), 0, 'a twentieth of a second is waited for');
  assert.equal(limit.records(16_000, 0, 100), 100);
  assert.equal(limit.records(30, 0, 100), 30);
  assert.equal(limit.records(16_000, 0, 60_000), 250, 'a pause saves up no more than that');
});

test('records that were asked for and have not arrived count as read', () => {
  const limit = new RateLimit({ unit: 'records', perSecond: 1_000 }, 0);
  assert.equal(limit.records(200, 200, 0), 50);
  assert.equal(limit.records(200, 250, 0), 0);
});

test('one record per second is possible', () => {
  const limit = new RateLimit({ unit: 'records', perSecond: 1 }, 0);
  assert.equal(limit.records(10, 0, 0), 1);
  limit.took(1, 10);
  assert.equal(limit.delayMs(0), 1_000);
  assert.equal(limit.records(10, 0, 999), 0);
  assert.equal(limit.records(10, 0, 1_000), 1);
});

test('bytes are owed, because the size of a record is known once it was read', () => {
  const limit = new RateLimit({ unit: 'bytes', perSecond: 1_000 }, 0);
  assert.equal(limit.records(500, 0, 0), 500);
  limit.took(500, 10_250);
  assert.equal(limit.delayMs(0), 10_050);
  assert.equal(limit.records(500, 0, 9_000), 0);
  assert.equal(limit.delayMs(8_000), 1_050, 'time does not run backwards');
  assert.equal(limit.records(500, 0, 10_050), 500);
});

test('whatever is asked for and when, no more records are read than the rate and one burst allow', () => {
  const steps = fc.array(
    fc.record({
      afterMs: fc.nat(2_000),
      wanted: fc.integer({ min: 1, max: 20_000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), steps, (perSecond, all) => {
      const limit = new RateLimit({ unit: 'records', perSecond }, 0);
      let nowMs = 0;
      let read = 0;
      for (const { afterMs, wanted, share } of all) {
        nowMs += afterMs;
        const allowed = limit.records(wanted, 0, nowMs);
        assert.ok(allowed >= 0 && allowed <= wanted);
        if (allowed === 0) assert.ok(limit.delayMs(nowMs) > 0, 'waiting ends');
        const got = Math.floor(allowed * share);
        limit.took(got, got * 100);
        read += got;
        assert.ok(read <= Math.max(1, perSecond / 4) + (perSecond * nowMs) / 1000 + 1e-6);
      }
    }),
  );
});
