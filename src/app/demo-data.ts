/**
 * The demo's input: 212,471 real US flights from examples/flights/data as JSON records, with a few broken
 * ones among them.
 */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

export interface DemoRecord {
  readonly key: Buffer | null;
  readonly value: Buffer;
}

/** A broken record, and the error that its dead letter must contain. */
export interface PlantedFault {
  readonly name: string;
  readonly stage: 'decode' | 'validate' | 'transform';
  readonly value: Buffer;
}

type Route = readonly [origin: string, destination: string, distance: number];

/** The file stores columns, because they compress to a third of the size of rows. */
interface FlightColumns {
  readonly start: string;
  readonly routes: readonly Route[];
  readonly gapMinutes: readonly number[];
  readonly delays: readonly number[];
  readonly routeOf: readonly number[];
}

const DATA_FILE = new URL('../../../examples/flights/data/flights-2001.json.gz', import.meta.url);
const INFLATED_BYTES_MAX = 16 * 1024 * 1024;
const FLIGHTS_PER_FAULT = 10_000;

const FAULTS: readonly PlantedFault[] = [
  {
    name: 'cut off in the middle',
    stage: 'decode',
    value: Buffer.from('{"date":"2001-01-01T09:15","delay":12,"dist'),
  },
  {
    name: 'no origin',
    stage: 'validate',
    value: Buffer.from('{"date":"2001-01-01T09:15","delay":12,"distance":480,"destination":"DFW"}'),
  },
  {
    name: 'text for a number',
    stage: 'validate',
    value: Buffer.from(
      '{"date":"2001-01-01T09:15","delay":"late","distance":480,"origin":"ATL","destination":"DFW"}',
    ),
  },
  {
    name: 'negative distance',
    stage: 'validate',
    value: Buffer.from(
      '{"date":"2001-01-01T09:15","delay":12,"distance":-480,"origin":"ATL","destination":"DFW"}',
    ),
  },
  {
    name: 'no such airport',
    stage: 'transform',
    value: Buffer.from(
      '{"date":"2001-01-01T09:15","delay":12,"distance":480,"origin":"ATL","destination":"???"}',
    ),
  },
  {
    name: 'not UTF-8',
    stage: 'decode',
    value: Buffer.concat([
      Buffer.from('{"date":"2001-01-01T09:15","delay":12,"distance":480,"origin":"AT'),
      Buffer.from([0xff]),
      Buffer.from('","destination":"DFW"}'),
    ]),
  },
];

/** How many records {@link flightRecords} yields, and what must happen to them. */
export const FLIGHT_TOTALS = { flights: 212_471, planted: 21, records: 212_492 } as const;

/** The broken record number `index` (from 0). */
export function plantedFault(index: number): PlantedFault {
  const fault = FAULTS[index % FAULTS.length];
  if (fault === undefined) throw new RangeError(`there is no planted fault number ${index}`);
  return fault;
}

/**
 * Every flight in the order of the file, and a broken record after every 10,000th.
 * The key is the route, so that a route's flights stay in one partition and the partitions fill evenly.
 */
export async function* flightRecords(): AsyncGenerator<DemoRecord> {
  const columns = await readColumns();
  let minutes = Date.parse(`${columns.start}Z`) / 60_000;
  let planted = 0;
  for (const [index, routeNumber] of columns.routeOf.entries()) {
    const route = columns.routes[routeNumber];
    const gap = columns.gapMinutes[index];
    const delay = columns.delays[index];
    if (route === undefined || gap === undefined || delay === undefined)
      throw new Error(`${DATA_FILE.pathname} is damaged at flight ${index}`);
    minutes += gap;
    yield flightRecord(route, new Date(minutes * 60_000).toISOString().slice(0, 16), delay);
    if ((index + 1) % FLIGHTS_PER_FAULT === 0) {
      yield { key: Buffer.from(`planted-${planted}`), value: plantedFault(planted).value };
      planted++;
    }
  }
}

function flightRecord([origin, destination, distance]: Route, date: string, delay: number): DemoRecord {
  return {
    key: Buffer.from(`${origin}-${destination}`),
    value: Buffer.from(JSON.stringify({ date, delay, distance, origin, destination })),
  };
}

async function readColumns(): Promise<FlightColumns> {
  const packed = await readFile(DATA_FILE);
  const text = await promisify(gunzip)(packed, { maxOutputLength: INFLATED_BYTES_MAX });
  const columns = JSON.parse(text.toString('utf8')) as FlightColumns;
  if (columns.routeOf.length !== FLIGHT_TOTALS.flights) {
    throw new Error(
      `${DATA_FILE.pathname} holds ${columns.routeOf.length} flights instead of ` +
        `${FLIGHT_TOTALS.flights}; restore it from the package`,
    );
  }
  return columns;
}
