/**
 * Codecs for a worker: the library for Avro is by far the largest thing it could load, and most of its start;
 * it comes only where a side is Avro.
 */
import { SourceTexts } from './avro/source-texts.js';
import type { Decoder, Encoder, FormatSpec } from './format.js';
import { plainDecoder, plainEncoder } from './plain.js';

export interface Codecs {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
}

/**
 * Rejects with DispatcherError CONFIGURATION when a schema, or reading the writer's data with it, is
 * impossible.
 */
export async function loadCodecs(sides: {
  readonly input: FormatSpec;
  readonly output: FormatSpec;
}): Promise<Codecs> {
  const texts =
    sides.input.format === 'avro' && sides.output.format === 'avro' ? new SourceTexts() : undefined;
  return {
    decoder:
      plainDecoder(sides.input) ?? (await import('./avro/codec.js')).createAvroDecoder(sides.input, texts),
    encoder:
      plainEncoder(sides.output) ?? (await import('./avro/codec.js')).createAvroEncoder(sides.output, texts),
  };
}
