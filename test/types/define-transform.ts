/**
 * Compiled, never run: the compiler is the test. Each `@ts-expect-error` marks a mistake that must not
 * compile; tsc fails if it does.
 */
import * as v from 'valibot';
import { z } from 'zod';
import {
  defineTransform,
  drop,
  emit,
  emitAll,
  emitRaw,
  forward,
  type RecordTransform,
  reject,
  type Shape,
  type TransformDefinition,
  tombstone,
  type,
} from '../../src/index.js';

interface FlightIn {
  carrier: string;
  distance: number;
  delay: number;
}

interface FlightOut {
  carrier: string;
  late: boolean;
}

export const plain = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  validate: (flight) => flight.distance > 0 || 'distance must be positive',
  transform(flight, record) {
    const offset: number = record.offset;
    const value: FlightIn | null = record.value;
    if (offset < 0 || value === null) return drop('NEGATIVE');
    if (flight.delay > 1000) return reject('TOO_LATE', 'delay');
    return { carrier: flight.carrier, late: flight.delay > 15 };
  },
});

export const withState = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  async setup(context) {
    await Promise.resolve(context.options);
    return { airports: new Map<string, string>() };
  },
  transform(flight, _record, { state, signal }) {
    const name: string | undefined = state.airports.get(flight.carrier);
    // @ts-expect-error the state has no such field
    // eslint-disable-next-line @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access
    state.cities.get('x');
    return { carrier: name ?? '', late: signal.aborted };
  },
  teardown({ state }) {
    state.airports.clear();
  },
});

export const asynchronous = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  async transform(flight) {
    await Promise.resolve();
    if (flight.delay < 0) return drop();
    return { carrier: flight.carrier, late: true };
  },
});

export const everyResult = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  transform(flight) {
    const out: FlightOut = { carrier: flight.carrier, late: true };
    switch (flight.delay) {
      case 0:
        return emit(out, { topic: 'other', key: null, headers: { a: 'b', c: undefined } });
      case 1:
        return emitRaw(Buffer.from('x'), { headers: [['a', null]] });
      case 2:
        return emitAll([
          emit({ ...out, late: true }),
          out,
          emit({ carrier: 'x', late: false }),
          emitRaw('y'),
          tombstone(),
        ]);
      case 3:
        return emitAll([]);
      case 4:
        return tombstone({ key: 'k' });
      default:
        return out;
    }
  },
  onTombstone: () => drop('DELETED'),
});

export const givenTypes = defineTransform<FlightIn, FlightOut>({
  setup: () => ({ airports: 3 }),
  transform: (flight, _record, { state }) => ({ carrier: flight.carrier, late: state !== undefined }),
});

export const givenTypesWrong = defineTransform<FlightIn, FlightOut>({
  // @ts-expect-error a number is no carrier
  transform: () => ({ carrier: 1, late: true }),
});

export const wrongResult = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error `late` is missing
  transform: (flight) => ({ carrier: flight.carrier }),
});

export const wrongAsyncResult = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error `late` is not a string
  transform: async (flight) => ({ carrier: flight.carrier, late: 'yes' }),
});

export const wrongEmit = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error what is emitted is no FlightOut
  transform: (flight) => emit({ carrier: flight.carrier }),
});

export const wrongEmitAll = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error one of what is emitted is no FlightOut
  transform: (flight) => emitAll([emit({ carrier: flight.carrier, late: true }), { carrier: 1 }]),
});

export const forgottenReturn = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error nothing is returned
  transform(flight) {
    flight.delay = 0;
  },
});

export const forgottenAsyncReturn = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error nothing is returned
  async transform(flight) {
    await Promise.resolve();
    flight.delay = 0;
  },
});

export const forgottenBranch = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error one way returns nothing
  transform(flight) {
    if (flight.delay > 0) return { carrier: flight.carrier, late: true };
    return undefined;
  },
});

export const forgottenReturnWithoutOutput = defineTransform({
  input: type<FlightIn>(),
  // @ts-expect-error nothing is returned, and no `output` is needed to see it
  transform(flight) {
    flight.delay = 0;
  },
});

export const nullResult = defineTransform({
  input: type<FlightIn>(),
  // @ts-expect-error null says nothing: drop() or tombstone()
  transform: () => null,
});

export const wrongField = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error no such field on the input
  // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- the mistake itself
  transform: (flight) => ({ carrier: flight.airline, late: true }),
});

export const inferredOut = defineTransform({
  input: type<FlightIn>(),
  transform(flight) {
    if (flight.delay > 5) return drop('LATE');
    flight.distance += 1;
    return flight;
  },
});

export const explicit = defineTransform<FlightIn, FlightOut>({
  transform: (flight) => ({ carrier: flight.carrier, late: false }),
});

export const explicitWrong = defineTransform<FlightIn, FlightOut>({
  // @ts-expect-error `late` is missing
  transform: (flight) => ({ carrier: flight.carrier }),
});

export const withZod = defineTransform({
  input: z.object({ carrier: z.string(), distance: z.coerce.number() }),
  output: type<FlightOut>(),
  transform(flight) {
    const distance: number = flight.distance;
    // @ts-expect-error not in the schema
    void flight.delay;
    return { carrier: flight.carrier, late: distance > 1 };
  },
});

export const withValibot = defineTransform({
  input: v.object({ carrier: v.string() }),
  output: v.object({ carrier: v.string(), late: v.boolean() }),
  transform: (flight) => ({ carrier: flight.carrier, late: false }),
});

export const withValibotWrong = defineTransform({
  input: v.object({ carrier: v.string() }),
  output: v.object({ carrier: v.string(), late: v.boolean() }),
  // @ts-expect-error a number is no carrier
  transform: () => ({ carrier: 1, late: false }),
});

export const batchForm = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  setup: () => ({ seen: 0 }),
  transformBatch(flights, records, { state }) {
    state.seen += records.length;
    return flights.map((flight) => ({ carrier: flight.carrier, late: flight.delay > 15 }));
  },
});

export const batchFormWrong = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  // @ts-expect-error one result for all
  transformBatch: (flights) => ({ carrier: flights[0]?.carrier ?? '', late: true }),
});

// @ts-expect-error a definition needs transform or transformBatch
export const neither = defineTransform({ input: type<FlightIn>(), output: type<FlightOut>() });

// @ts-expect-error one form only
export const both = defineTransform({
  input: type<FlightIn>(),
  output: type<FlightOut>(),
  transform: (flight) => ({ carrier: flight.carrier, late: true }),
  transformBatch: () => [],
});

export function generic<Value extends { readonly id: string }>(
  shape: Shape<Value>,
): TransformDefinition<Value, Value, unknown> {
  return defineTransform({
    input: shape,
    output: shape,
    transform: (value) => (value.id === '' ? drop('NO_ID') : emit(value)),
  });
}

export const sourceHeaders = defineTransform({
  input: type<FlightIn>(),
  transform(flight, { headers }) {
    const list: readonly (readonly [string, Buffer | null])[] = headers;
    const [name, value] = headers.slice(-1)[0] ?? list[0] ?? ['', null];
    if (flight.delay === 0) return emit(flight, { headers });
    if (flight.delay === 1) return emit(flight, { headers: Object.fromEntries(headers) });
    if (flight.delay === 2) return emit(flight, { headers: [...headers, [name, value], ['a', 'b']] });
    // @ts-expect-error a list that is spread into an object has headers named 0, 1, 2 …
    if (flight.delay === 3) return emit(flight, { headers: { ...headers } });
    // @ts-expect-error the same with another one
    return emit(flight, { headers: { ...headers, a: 'b' } });
  },
});

export const bare: RecordTransform<FlightIn, FlightOut> = (flight, record) =>
  emit({ carrier: flight.carrier, late: record.timestamp > 0 });

interface Order {
  id: number;
  amount: number;
  user: { name: string; address: { city: string; zip: string } };
  lines: { sku: string }[];
}

interface Priced extends Order {
  cents: number;
}

export const declaredFields = defineTransform({
  input: type<Order>(),
  output: type<Priced>(),
  reads: ['amount', 'user.address.city'],
  writes: ['cents', 'user.name'],
  validate: (order) => order.amount > 0,
  transform(order) {
    const city: string = order.user.address.city;
    // @ts-expect-error not declared
    void order.id;
    // @ts-expect-error only the city is declared
    void order.user.address.zip;
    if (city === '') return forward({ topic: 'homeless' });
    return { cents: order.amount * 100, user: { name: city } };
  },
});

export const declaredFilter = defineTransform({
  input: type<Order>(),
  reads: ['amount'],
  writes: [],
  transform: (order) => (order.amount > 5 ? forward() : drop('SMALL')),
});

export const declaredBatch = defineTransform({
  input: type<Order>(),
  output: type<Order>(),
  reads: ['lines'],
  writes: ['id'],
  transformBatch: (orders) => orders.map(({ lines }) => ({ id: lines[0]?.sku.length ?? 0 })),
});

export const declaredUnknown = defineTransform({
  input: type<Order>(),
  output: type<Order>(),
  // @ts-expect-error no such field
  reads: ['amuont'],
  writes: ['id'],
  transform: () => ({ id: 1 }),
});

export const declaredUnknownInside = defineTransform({
  input: type<Order>(),
  output: type<Order>(),
  reads: ['amount'],
  // @ts-expect-error no such field inside
  writes: ['user.nmae'],
  transform: () => drop(),
});

export const declaredMissing = defineTransform({
  input: type<Order>(),
  output: type<Priced>(),
  reads: ['amount'],
  writes: ['cents', 'id'],
  // @ts-expect-error `id` is missing
  transform: (order) => ({ cents: order.amount }),
});

export const forgottenDeclaredReturn = defineTransform({
  input: type<Order>(),
  output: type<Order>(),
  reads: ['amount'],
  writes: ['amount'],
  // @ts-expect-error nothing is returned
  transform(order) {
    order.amount = 0;
  },
});

export const declaredInMap = defineTransform({
  input: type<{ counts: Record<string, number> }>(),
  output: type<{ counts: Record<string, number> }>(),
  reads: ['counts.x'],
  writes: ['counts.x'],
  transform: ({ counts }) => ({ counts: { x: (counts.x ?? 0) + 1 } }),
});

export const declaredWithoutOutput = defineTransform({
  input: type<Order>(),
  reads: ['amount'],
  writes: ['amount'],
  transform: ({ amount }) => ({ amount: amount + 1 }),
});

export const declaredTooMuchInside = defineTransform({
  input: type<Order>(),
  output: type<Order>(),
  reads: ['amount'],
  writes: ['user.name'],
  // @ts-expect-error the address is not declared
  transform: () => ({ user: { name: 'x', address: { city: 'y', zip: 'z' } } }),
});

export const annotated = defineTransform({
  transform: (order: Order) => (order.amount > 0 ? forward({ key: 'k' }) : emitAll([order, forward()])),
});
