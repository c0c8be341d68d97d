/**
 * The formats of a record's value, and what a transform sees:
 *
 * - `raw`: a Buffer of its own. Out: a Buffer, a Uint8Array, or a string (UTF-8).
 * - `json`: what JSON.parse makes of it, if nothing was lost. Out: what JSON.stringify writes, if nothing
 * would be lost.
 * - `avro`: null, boolean, number, string, Buffer (bytes, fixed), arrays, plain objects (records, maps), enum
 * symbols as strings.
 *   - long: a number, exact or refused; with `long: bigint` every long is a BigInt. Out: either, whatever the
 * setting.
 *   - timestamp-*, local-timestamp-*, date, time-*: the number on the wire, so `timestamp-millis` is what
 * `Date.now()` gives. Out: for points in time a Date,
 *     too. Nanoseconds need `long: bigint`, since today's are beyond 2^53.
 *   - decimal: its exact text with all digits of its scale ("12.50"). Out: text, a number or a BigInt that
 * needs no rounding.
 *   - uuid: text, also where it is a fixed of 16 bytes.
 *   - union: the bare value where its branches differ as JavaScript values (null, boolean, any number, text,
 * bytes, array, object), as in
 *     `["null", "string"]`; otherwise `{ "branch name": value }` and null, as in Avro's JSON encoding.
 *   - a missing field (undefined) takes its default when encoding. A default of a field the writer did not
 * have is new in each record.
 *
 * What does not fit throws {@link FormatError}; what can't work at all throws DispatcherError CONFIGURATION
 * when the codec is made.
 */
import { avroWarnings, createAvroDecoder, createAvroEncoder } from './avro/codec.js';
import type { Decoder, Encoder, FormatSpec } from './format.js';
import { plainDecoder, plainEncoder } from './plain.js';

export { toDisplay } from './display.js';
export { type Decoder, type Encoder, FormatError, type FormatSpec } from './format.js';
export { parseExactly } from './json-decode.js';

/** Throws DispatcherError CONFIGURATION if the schema is invalid, or can't read the writer's data. */
export function createDecoder(spec: FormatSpec): Decoder {
  return plainDecoder(spec) ?? createAvroDecoder(spec);
}

/** Throws DispatcherError CONFIGURATION if the schema is invalid. */
export function createEncoder(spec: FormatSpec): Encoder {
  return plainEncoder(spec) ?? createAvroEncoder(spec);
}

/**
 * Throws DispatcherError CONFIGURATION for anything that would prevent a worker's start. Returns a warning
 * for each branch, symbol or kind of item in the writer's schema whose records will be rejected.
 */
export function inspectSchema(spec: FormatSpec): readonly string[] {
  createDecoder(spec);
  createEncoder(spec);
  return spec.format === 'avro' ? avroWarnings(spec) : [];
}
