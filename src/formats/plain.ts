/** The formats that need no library. */
import type { Decoder, Encoder, FormatSpec } from './format.js';
import { JsonDecoder } from './json-decode.js';
import { JsonEncoder } from './json-encode.js';
import { RawDecoder, RawEncoder } from './raw.js';

export function plainDecoder({ format }: FormatSpec): Decoder | undefined {
  if (format === 'raw') return new RawDecoder();
  return format === 'json' ? new JsonDecoder() : undefined;
}

export function plainEncoder({ format }: FormatSpec): Encoder | undefined {
  if (format === 'raw') return new RawEncoder();
  return format === 'json' ? new JsonEncoder() : undefined;
}
