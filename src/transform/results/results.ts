/**
 * The results that a transform may return besides a plain value. The results are plain objects, so that
 * tests can compare them with deepEqual. A symbol key, which no decoded record can have, distinguishes them
 * from the user's own values.
 */

/**
 * A registered symbol, so that the running installation also recognises results from a bundled second copy of
 * this module.
 */
export const RESULT: unique symbol = Symbol.for('kafka-dispatcher.result') as never;

export type HeaderInput = Uint8Array | string | null;

/** An object is merged into the source's headers (`undefined` removes one); a list replaces them all. */
export type HeadersInput =
  | Readonly<Record<string, HeaderInput | undefined>>
  | readonly (readonly [name: string, value: HeaderInput])[];

/**
 * Options that are left out come from the source record (key, headers, timestamp) or the configuration
 * (topic, partition).
 */
export interface EmitOptions {
  /** Default: `kafka.producer.topic`. */
  readonly topic?: string | undefined;
  readonly key?: Uint8Array | string | null | undefined;
  readonly partition?: number | undefined;
  /** Milliseconds since 1970. */
  readonly timestamp?: number | Date | undefined;
  readonly headers?: HeadersInput | undefined;
}

export interface Emit<Value> {
  readonly [RESULT]: 'emit';
  readonly value: Value;
  readonly options: EmitOptions;
}

export interface EmitRaw {
  readonly [RESULT]: 'emitRaw';
  readonly bytes: Uint8Array | string | null;
  readonly options: EmitOptions;
}

export interface Forward {
  readonly [RESULT]: 'forward';
  readonly options: EmitOptions | undefined;
}

export interface Tombstone {
  readonly [RESULT]: 'tombstone';
  readonly options: EmitOptions;
}

export interface EmitAll<Value> {
  readonly [RESULT]: 'emitAll';
  readonly results: readonly EmitAllItem<Value>[];
}

export interface Drop {
  readonly [RESULT]: 'drop';
  readonly reason: string;
}

export interface Reject {
  readonly [RESULT]: 'reject';
  readonly code: string;
  readonly message: string;
}

export type EmitAllItem<Value> = Value | Emit<Value> | EmitRaw | Forward | Tombstone;

/** Everything a transform for output values of type `Value` may return. */
export type Result<Value> = EmitAllItem<Value> | EmitAll<Value> | Drop | Reject;

/** The reason that {@link drop} is counted under if none is given. */
export const DEFAULT_DROP_REASON = 'DROPPED';

/** Settles the record without output; counted by reason. May be returned or thrown. */
export function drop(reason: string = DEFAULT_DROP_REASON): Drop {
  return { [RESULT]: 'drop', reason };
}

/**
 * Sends the source record to the dead-letter topic (or stops the run, if there is none). May be returned or
 * thrown.
 */
export function reject(code: string, message = ''): Reject {
  return { [RESULT]: 'reject', code, message };
}

/** One record, encoded by the configured output format. */
export function emit<Value>(value: Value, options: EmitOptions = {}): Emit<Value> {
  return { [RESULT]: 'emit', value, options };
}

/** One record whose value is these bytes, whatever the output format. */
export function emitRaw(bytes: Uint8Array | string | null, options: EmitOptions = {}): EmitRaw {
  return { [RESULT]: 'emitRaw', bytes, options };
}

const UNCHANGED = Object.freeze<Forward>({ [RESULT]: 'forward', options: undefined });

/** The source's value, its bytes as they are, whatever the formats: to filter, route or copy records. */
export function forward(options?: EmitOptions): Forward {
  return options === undefined ? UNCHANGED : { [RESULT]: 'forward', options };
}

/** None, one or several records from one source record; they succeed or fail together. */
export function emitAll(results: readonly (EmitRaw | Forward | Tombstone)[]): EmitAll<never>;
export function emitAll<Value = never>(results: readonly EmitAllItem<Value>[]): EmitAll<Value>;
export function emitAll<Value>(results: readonly EmitAllItem<Value>[]): EmitAll<Value> {
  return { [RESULT]: 'emitAll', results };
}

/** A record with a null value: deletes its key from a compacted topic. */
export function tombstone(options: EmitOptions = {}): Tombstone {
  return { [RESULT]: 'tombstone', options };
}

export type MarkedResult = Emit<unknown> | EmitRaw | Forward | Tombstone | EmitAll<unknown> | Drop | Reject;

export function isMarked(value: unknown): value is MarkedResult {
  return typeof value === 'object' && value !== null && RESULT in value;
}

/**
 * As `await` defines it: an object whose `then` is a function. A decoded JSON value may well have a field of
 * that name.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return 'then' in value && typeof value.then === 'function';
  } catch {
    // A proxy or getter that throws; it throws again when it is written as a value, which rejects the record.
    return false;
  }
}
