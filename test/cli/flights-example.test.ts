import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import flights from '../../examples/flights/flights.js';
import { FLIGHT_TOTALS, flightRecords, plantedFault } from '../../src/app/demo-data.js';
import { createEncoder } from '../../src/formats/index.js';

type Definition = typeof flights;
type Flight = Parameters<NonNullable<Definition['validate']>>[0];
type Context = Parameters<NonNullable<Definition['transform']>>[2];
type SourceRecord = Parameters<NonNullable<Definition['transform']>>[1];

const AIRPORTS = new URL('../../../examples/flights/data/airports.json', import.meta.url);
const SCHEMA = new URL('../../../examples/flights/flight.avsc', import.meta.url);
const encoder = createEncoder({
  format: 'avro',
  long: 'number',
  schema: { path: fileURLToPath(SCHEMA), references: [] },
});
const encoded = Buffer.alloc(1024);
const UTF8 = new TextDecoder('utf-8', { fatal: true });

const recordOf = (value: Flight): SourceRecord => ({
  topic: 'flights',
  partition: 0,
  offset: 0,
  timestamp: -1,
  key: null,
  keyText: null,
  headers: [],
  value,
  raw: null,
  header: () => undefined,
  headerText: () => undefined,
});

async function contextOf(): Promise<Context> {
  const quiet = (): void => undefined;
  return {
    threadId: 0,
    logger: { error: quiet, warn: quiet, info: quiet, debug: quiet },
    signal: new AbortController().signal,
    metrics: { count: quiet, observe: quiet },
    options: {},
    state: {
      airports: new Map(
        Object.entries(JSON.parse(await readFile(AIRPORTS, 'utf8')) as Record<string, never>),
      ),
    },
  };
}

/** The stage at which a record fails, as in its dead letter; 'none' for a good record. */
async function stageOfFailure(value: Buffer, context: Context): Promise<string> {
  let flight: Flight;
  try {
    flight = JSON.parse(UTF8.decode(value)) as Flight;
  } catch {
    return 'decode';
  }
  if (flights.validate?.(flight, recordOf(flight)) !== true) return 'validate';
  const result = await flights.transform?.(flight, recordOf(flight), context);
  if (typeof result !== 'object' || !('greatCircleMiles' in result)) return 'transform';
  if (encoder.encode(result, encoded, 0, encoded.length) <= 0) return 'encode';
  const near = Math.abs(result.greatCircleMiles - result.distance) <= 30 + result.distance / 20;
  return near && Number.isSafeInteger(result.departure)
    ? 'none'
    : `enriched wrongly: ${JSON.stringify(result)}`;
}

test(
  'every real flight passes the example, and every planted ' + 'record fails at its intended stage',
  async () => {
    const context = await contextOf();
    let planted = 0;
    let records = 0;
    for await (const { key, value } of flightRecords()) {
      records++;
      const isPlanted = String(key).startsWith('planted-');
      const wanted = isPlanted ? plantedFault(planted++).stage : 'none';
      const stage = await stageOfFailure(value, context);
      if (stage !== wanted) assert.fail(`${value.toString()}: ${stage} instead of ${wanted}`);
    }
    assert.deepEqual(
      { records, planted },
      { records: FLIGHT_TOTALS.records, planted: FLIGHT_TOTALS.planted },
    );
  },
);
