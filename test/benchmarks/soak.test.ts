import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soakOptions } from '../../benchmarks/soak/options.js';
import type { Sample } from '../../benchmarks/soak/samples.js';
import { findingsOf, slopePerHour } from '../../benchmarks/soak/verdict.js';

const BOUNDS = { hours: 2, rssMibPerHourMax: 10 };

function samples(of: (n: number) => Partial<Sample>): readonly Sample[] {
  const still = { rssMib: 100, heapMib: 1, externalMib: 1, files: 40, threads: 20, handles: 5 };
  return Array.from({ length: 720 }, (_, n) => ({
    ...{ seconds: n * 10, ...still, records: 0, reloads: 0, brokerRestarts: 0 },
    ...of(n),
  }));
}

function failed(of: (n: number) => Partial<Sample>, hours = BOUNDS.hours): readonly string[] {
  return findingsOf(samples(of), { ...BOUNDS, hours })
    .filter(({ ok }) => !ok)
    .map(({ what }) => what.split(/[ :]/)[0] ?? '');
}

test('the slope of memory is that of a straight line, whatever waves are on it', () => {
  const points = Array.from({ length: 360 }, (_, n) => [n * 10, 50 + n * 0.1 + 5 * Math.sin(n)] as const);
  assert.ok(Math.abs(slopePerHour(points) - 36) < 1);
  assert.equal(slopePerHour([[7, 3]]), 0);
});

test('memory that rises at the beginning passes; memory that goes on rising does not', () => {
  assert.deepEqual(
    failed((n) => ({ rssMib: Math.min(100, n) })),
    [],
  );
  assert.deepEqual(
    failed((n) => ({ rssMib: 100 + n * 0.06 })),
    ['memory'],
  );
  assert.deepEqual(
    failed((n) => ({ rssMib: 100 + n * 0.06 }), 0.1),
    [],
    'a short run is not judged',
  );
});

test('files, threads and handles that pile up are found; those of a reload are not counted', () => {
  assert.deepEqual(
    failed((n) => (n % 10 === 0 ? { files: 80, threads: 40, handles: 10 } : {})),
    [],
  );
  assert.deepEqual(
    failed((n) => ({ files: 40 + Math.floor(n / 100), threads: 20 + Math.floor(n / 100) })),
    ['files', 'threads'],
  );
});

test('a soak is told by variables, and a wrong one is refused', () => {
  const { hours, reloads, brokers } = soakOptions({ HOURS: '0.1', RELOADS: '' });
  assert.deepEqual({ hours, reloads, brokers }, { hours: 0.1, reloads: 200, brokers: 3 });
  assert.throws(() => soakOptions({ HOURS: 'two' }), /HOURS must be a number/);
});
