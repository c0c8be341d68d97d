/**
 * Codecs for a worker. The Avro library is by far the largest module and most of a worker's start, so it is
 * loaded only if one side is Avro.
 */
import { DispatcherError } from '../core/errors.js';
import { SourceTexts } from './avro/source-texts.js';
import type { DeclaredFields } from './fields/declared.js';
import type { Decoder, Encoder, FormatSpec } from './format.js';
import { plainDecoder, plainEncoder } from './plain.js';

export interface Codecs {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
}

export interface Sides {
  readonly input: FormatSpec;
  readonly output: FormatSpec;
}

/**
 * Rejects with DispatcherError CONFIGURATION if a schema is invalid or can't read the writer's data, or if
 * the formats don't allow the declared fields.
 */
export async function loadCodecs(sides: Sides, declared: DeclaredFields | undefined): Promise<Codecs> {
  return declared === undefined ? wholeCodecs(sides) : fieldCodecs(sides, declared);
}

async function fieldCodecs(sides: Sides, declared: DeclaredFields): Promise<Codecs> {
  const { format } = sides.input;
  if (format === sides.output.format) {
    if (format === 'avro') return (await import('./avro/fields/codec.js')).createAvroFields(sides, declared);
    if (format === 'json') return (await import('./json/fields/codec.js')).createJsonFields(declared);
  }
  throw new DispatcherError(
    'CONFIGURATION',
    `a transform that declares fields (\`reads\`, \`writes\`) can't be used from ${format} to ` +
      `${sides.output.format}: other fields are copied as they are, from json to json or avro to avro`,
    { remedy: 'remove `reads` and `writes` from the transform, or use the same format on both sides' },
  );
}

async function wholeCodecs(sides: Sides): Promise<Codecs> {
  if (sides.input.format === 'json') return fromJson(sides.output);
  const texts =
    sides.input.format === 'avro' && sides.output.format === 'avro' ? new SourceTexts() : undefined;
  return {
    decoder:
      plainDecoder(sides.input) ?? (await import('./avro/codec.js')).createAvroDecoder(sides.input, texts),
    encoder:
      plainEncoder(sides.output) ?? (await import('./avro/codec.js')).createAvroEncoder(sides.output, texts),
  };
}

async function fromJson(output: FormatSpec): Promise<Codecs> {
  const { createJsonRowCodecs } = await import('./json/row-codecs.js');
  const { decoder, encoder } = createJsonRowCodecs();
  if (output.format === 'json') return { decoder, encoder };
  return {
    decoder,
    encoder: plainEncoder(output) ?? (await import('./avro/codec.js')).createAvroEncoder(output),
  };
}
