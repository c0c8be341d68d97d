/**
 * US flights: JSON in, checked and enriched with both airports, Avro out. What fails becomes a dead letter
 * that says why.
 */
import { readFile } from 'node:fs/promises';
import { defineTransform, reject, type } from 'kafka-dispatcher';
import { greatCircleMiles } from './great-circle.js';

interface FlightIn {
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

interface Airport {
  name: string;
  city: string;
  state: string;
  latitude: number;
  longitude: number;
}

interface FlightOut extends Omit<FlightIn, 'date'> {
  departure: number;
  late: boolean;
  greatCircleMiles: number;
  from: AirportName;
  to: AirportName;
}

type AirportName = Pick<Airport, 'name' | 'city' | 'state'>;

const LATE_MINUTES = 15;
const LOCAL_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

export default defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),

  // Once in every worker; what it returns is `context.state` below.
  async setup() {
    const text = await readFile(new URL('./data/airports.json', import.meta.url), 'utf8');
    return { airports: new Map(Object.entries(JSON.parse(text) as Record<string, Airport>)) };
  },

  // The types above are a promise of the sender; this is where it is held to it. A text is the reason in the
  // dead letter.
  validate(flight) {
    if (typeof flight.origin !== 'string' || typeof flight.destination !== 'string')
      return 'origin and destination must be texts';
    if (!Number.isInteger(flight.delay)) return 'delay must be a whole number of minutes';
    if (!Number.isInteger(flight.distance) || flight.distance <= 0)
      return 'distance must be a positive number of miles';
    return (
      (typeof flight.date === 'string' && LOCAL_TIME.test(flight.date)) ||
      'date must look like 2001-01-31T23:59'
    );
  },

  transform(flight, _record, { state }) {
    const from = state.airports.get(flight.origin);
    const to = state.airports.get(flight.destination);
    if (from === undefined || to === undefined) {
      return reject(
        'UNKNOWN_AIRPORT',
        `no airport is called ${from === undefined ? flight.origin : flight.destination}`,
      );
    }
    const { date, delay, distance, origin, destination } = flight;
    // Just the fields of the schema: another one would be refused as a typing error.
    return {
      departure: Date.parse(`${date}Z`),
      delay,
      late: delay > LATE_MINUTES,
      distance,
      greatCircleMiles: greatCircleMiles(from, to),
      origin,
      destination,
      from: nameOf(from),
      to: nameOf(to),
    };
  },
});

function nameOf({ name, city, state }: Airport): AirportName {
  return { name, city, state };
}
