import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLIGHT_TOTALS, flightRecords, plantedFault } from '../../src/cli/demo-data.js';

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

test('the demo data yields exactly the promised flights and planted records, in the order of time', async () => {
  const counts = { flights: 0, planted: 0, records: 0 };
  const planted: Buffer[] = [];
  let lastDate = '';
  let first: Flight | undefined;
  let last: Flight | undefined;
  for await (const { key, value } of flightRecords()) {
    counts.records++;
    if (key?.toString().startsWith('planted-') === true) {
      counts.planted++;
      planted.push(value);
      continue;
    }
    counts.flights++;
    const flight = JSON.parse(value.toString('utf8')) as Flight;
    assert.equal(key?.toString(), `${flight.origin}-${flight.destination}`);
    assert.ok(flight.date >= lastDate, `${flight.date} comes after ${lastDate}`);
    assert.ok(flight.distance > 0 && Number.isInteger(flight.delay));
    lastDate = flight.date;
    first ??= flight;
    last = flight;
  }
  assert.deepEqual(counts, FLIGHT_TOTALS);
  assert.deepEqual(first, { date: '2001-01-01T00:01', delay: 33, distance: 2176, origin: 'LAS', destination: 'PHL' });
  assert.equal(last?.date.slice(0, 10), '2001-01-13');
  for (const [index, value] of planted.entries()) assert.deepEqual(value, plantedFault(index).value);
});

test('no partition of the demo grows past what the embedded broker keeps', async () => {
  const RECORD_OVERHEAD_BYTES = 16;
  const KEPT_BYTES = 5 * 1024 * 1024;
  const bytesOfKey = new Map<string, number>();
  for await (const { key, value } of flightRecords()) {
    const name = String(key);
    bytesOfKey.set(name, (bytesOfKey.get(name) ?? 0) + value.length + name.length + RECORD_OVERHEAD_BYTES);
  }
  const total = [...bytesOfKey.values()].reduce((sum, bytes) => sum + bytes, 0);
  const largestKey = Math.max(...bytesOfKey.values());
  // Eight partitions, and the largest route as the measure of how unevenly hashing may fall.
  assert.ok(total / 8 + 8 * largestKey < KEPT_BYTES, `${total} bytes in all, ${largestKey} in the largest route`);
});
