/**
 * Codecs for a worker. The Avro library is by far the largest module and most of a worker's start, so it is
 * loaded only if one side is Avro.
 */
import { SourceTexts } from './avro/source-texts.js';
import type { Decoder, Encoder, FormatSpec } from './format.js';
import { plainDecoder, plainEncoder } from './plain.js';

export interface Codecs {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
}

/** Rejects with DispatcherError CONFIGURATION if a schema is invalid, or can't read the writer's data. */
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
