import type { Decoder, Encoder } from '../format.js';
import { JsonRowDecoder } from './row-decoder.js';
import { JsonRowEncoder } from './row-encoder.js';
import { SourceRecord } from './source-record.js';

/**
 * For a worker: the encoder copies from the records that the decoder reads what a transform left unchanged.
 */
export function createJsonRowCodecs(): { readonly decoder: Decoder; readonly encoder: Encoder } {
  const source = new SourceRecord();
  return { decoder: new JsonRowDecoder(source), encoder: new JsonRowEncoder(source) };
}
