import { createAvroDecoder, createAvroEncoder } from './avro/codec.js';
import type { Decoder, Encoder, FormatSpec } from './format.js';
import { JsonDecoder } from './json-decode.js';
import { JsonEncoder } from './json-encode.js';
import { RawDecoder, RawEncoder } from './raw.js';

export { toDisplay } from './display.js';
export { type Decoder, type Encoder, FormatError, type FormatSpec } from './format.js';

/** Throws DispatcherError CONFIGURATION when the schema, or reading the writer's data with it, is impossible. */
export function createDecoder(spec: FormatSpec): Decoder {
  switch (spec.format) {
    case 'raw':
      return new RawDecoder();
    case 'json':
      return new JsonDecoder();
    case 'avro':
      return createAvroDecoder(spec);
  }
}

/** Throws DispatcherError CONFIGURATION when the schema is impossible. */
export function createEncoder(spec: FormatSpec): Encoder {
  switch (spec.format) {
    case 'raw':
      return new RawEncoder();
    case 'json':
      return new JsonEncoder();
    case 'avro':
      return createAvroEncoder(spec);
  }
}

/** What `kd validate` asks: throws DispatcherError CONFIGURATION for whatever would make a worker refuse to start. */
export function inspectSchema(spec: FormatSpec): void {
  createDecoder(spec);
  createEncoder(spec);
}
