import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLIGHT_TOTALS, flightRecords, plantedFault } from '../../src/app/demo-data.js';

interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

test('the demo data has exactly the documented flights and planted records, ordered by time', async () => {
  const counts = { flights: 0, planted: 0, records: 0 };
  const wrong: string[] = [];
  const dates: string[] = [];
  let lastDate = '';
  for await (const { key, value } of flightRecords()) {
    counts.records++;
    if (key?.toString().startsWith('planted-') === true) {
      assert.deepEqual(value, plantedFault(counts.planted).value);
      counts.planted++;
      continue;
    }
    counts.flights++;
    const flight = JSON.parse(value.toString('utf8')) as Flight;
    const keyed = key?.toString() === `${flight.origin}-${flight.destination}`;
    if (!keyed || flight.date < lastDate || flight.distance <= 0 || !Number.isInteger(flight.delay))
      wrong.push(value.toString());
    lastDate = flight.date;
    if (counts.flights === 1 || counts.flights === FLIGHT_TOTALS.flights) dates.push(value.toString());
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(counts, FLIGHT_TOTALS);
  assert.equal(
    dates[0],
    '{"date":"2001-01-01T00:01","delay":33,"distance":2176,"origin":"LAS","destination":"PHL"}',
  );
  assert.match(dates[1] ?? '', /^{"date":"2001-01-13T23:/);
});

test('no partition of the demo grows beyond what the embedded broker keeps', async () => {
  const RECORD_OVERHEAD_BYTES = 16;
  const KEPT_BYTES = 5 * 1024 * 1024;
  const bytesOfKey = new Map<string, number>();
  let totalBytes = 0;
  for await (const { key, value } of flightRecords()) {
    const name = String(key);
    const bytes = value.length + name.length + RECORD_OVERHEAD_BYTES;
    bytesOfKey.set(name, (bytesOfKey.get(name) ?? 0) + bytes);
    totalBytes += bytes;
  }
  const largestBytes = Math.max(...bytesOfKey.values());
  // Eight partitions; the largest route shows how unevenly hashing may distribute.
  assert.ok(
    totalBytes / 8 + 8 * largestBytes < KEPT_BYTES,
    `${totalBytes} bytes in all, ${largestBytes} in the largest route`,
  );
});
