import type { Decoder, Encoder } from '../format.js';
import { JsonRowDecoder } from './row-decoder.js';
import { JsonRowEncoder } from './row-encoder.js';
import { SourceRecord } from './source-record.js';

/**
 * For a worker: the encoder copies unchanged parts from the records that the decoder read.
 */
export function createJsonRowCodecs(): { readonly decoder: Decoder; readonly encoder: Encoder } {
  const source = new SourceRecord();
  return { decoder: new JsonRowDecoder(source), encoder: new JsonRowEncoder(source) };
}
