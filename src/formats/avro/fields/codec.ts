import { DispatcherError } from '../../../core/errors.js';
import { type DeclaredFields, type FieldTree, treeOf } from '../../fields/declared.js';
import type { Decoder, Encoder, FormatSpec } from '../../format.js';
import { bufferOver, type RawBuffer } from '../../memory.js';
import { AvroDecoder, AvroEncoder, defaultsFor, readingPlan, writingPlan } from '../codec.js';
import { compileDecoder } from '../generate/generate-decode.js';
import { compileEncoder } from '../generate/generate-encode.js';
import type { RecordNode } from '../schema/plan.js';
import { FieldDecodeSource } from './field-decode-source.js';
import { type AnyRecord, type InputStep, stepsOf } from './input-steps.js';
import { Misfit, type Misfits } from './misfit.js';
import { type OutputPiece, piecesOf } from './output-pieces.js';
import { SpliceSource, writtenRecord } from './splice-source.js';

const NOTHING = new Uint8Array(0);

/** The record that was decoded last, and the positions that bound the parts copied into results. */
class DecodedRecord {
  bytes: Uint8Array = NOTHING;
  buffer: RawBuffer = bufferOver(NOTHING);
  view: DataView = new DataView(NOTHING.buffer);
  /** −1: none, because it was refused or its block has other records now. */
  start = -1;
  readonly marks: Int32Array;

  constructor(marks: number) {
    this.marks = new Int32Array(marks);
  }

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.buffer = bufferOver(bytes);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** Creates the fields that a transform reads. */
class FieldDecoder implements Decoder {
  readonly #decoder: AvroDecoder;
  readonly #record: DecodedRecord;

  constructor(decoder: AvroDecoder, record: DecodedRecord) {
    this.#decoder = decoder;
    this.#record = record;
  }

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    const record = this.#record;
    record.start = -1;
    if (bytes !== record.bytes) record.open(bytes);
    const value = this.#decoder.decode(bytes, start, end);
    record.start = start;
    return value;
  }

  release(): void {
    this.#record.start = -1;
    this.#decoder.release();
  }
}

/** Writes the fields that a transform returns into a copy of the record. */
class FieldEncoder implements Encoder {
  readonly #encoder: AvroEncoder;
  readonly #decoder: FieldDecoder;
  readonly #record: DecodedRecord;

  constructor(encoder: AvroEncoder, decoder: FieldDecoder, record: DecodedRecord) {
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#record = record;
  }

  /** A result that comes later, such as that of an asynchronous transform, finds another record's marks. */
  from(bytes: Uint8Array, start: number, end: number): void {
    if (this.#record.start !== start || this.#record.bytes !== bytes) this.#decoder.decode(bytes, start, end);
  }

  encode(value: unknown, bytes: Uint8Array, start: number, limit: number): number {
    return this.#encoder.encode(value, bytes, start, limit);
  }
}

/**
 * A decoder of the declared fields and an encoder that copies all others. Throws DispatcherError
 * CONFIGURATION if a schema is invalid, or if they don't allow it.
 */
export function createAvroFields(
  sides: { readonly input: FormatSpec; readonly output: FormatSpec },
  declared: DeclaredFields,
): { readonly decoder: Decoder; readonly encoder: Encoder } {
  const { input, reads, written, steps, pieces } = planFields(sides, declared);
  const marked = [
    ...new Set(pieces.flatMap((piece) => (piece.kind === 'copy' ? [piece.from, piece.to] : []))),
  ];
  const record = new DecodedRecord(marked.length);
  const { long } = sides.input;
  const decodeSource = new FieldDecodeSource(
    { ...input, steps, reads, marked },
    { long, makeDefault: defaultsFor(long) },
  );
  const M = record.marks;
  const decoder = new FieldDecoder(
    new AvroDecoder(compileDecoder(decodeSource, { S: undefined, STABLE: true, M })),
    record,
  );
  const spliceSource = new SpliceSource(written, pieces, marked);
  const encoder = new AvroEncoder(
    compileEncoder(spliceSource, { S: undefined, NO_FIELD: '`writes` has no field', M, R: record }),
  );
  return { decoder, encoder: new FieldEncoder(encoder, decoder, record) };
}

interface Plan {
  readonly input: { readonly wire: RecordNode; readonly value: AnyRecord };
  readonly reads: FieldTree;
  /** The written fields as a record of their own. */
  readonly written: RecordNode;
  readonly steps: readonly InputStep[];
  readonly pieces: readonly OutputPiece[];
}

function planFields(
  sides: { readonly input: FormatSpec; readonly output: FormatSpec },
  declared: DeclaredFields,
): Plan {
  const [reads, writes] = [treeOf(declared.reads), treeOf(declared.writes)];
  const { node: value, wire } = readingPlan(sides.input);
  const output = writingPlan(sides.output);
  const misfits: Misfits = [];
  if (wire.kind !== 'record' || (value.kind !== 'record' && value.kind !== 'resolved'))
    throw misfit(sides, [notRecord('input', wire.kind)]);
  if (output.kind !== 'record') throw misfit(sides, [notRecord('output', output.kind)]);
  const input = { wire, value };
  const { steps, fields } = stepsOf(input, { reads, writes }, misfits);
  const dropsUnknown = sides.output.unknownFields === 'ignore';
  const pieces = piecesOf({ node: output, dropsUnknown }, { fields, writes }, misfits);
  if (misfits.length > 0) throw misfit(sides, misfits);
  return { input, reads, written: writtenRecord(output.name, writes, output), steps, pieces };
}

function notRecord(side: string, kind: string): Misfit {
  return new Misfit(`the ${side} schema is of type ${kind}, not a record, so it has no fields to declare`);
}

/** Names the schema files and everything that does not fit. */
function misfit(
  { input, output }: { readonly input: FormatSpec; readonly output: FormatSpec },
  misfits: Misfits,
): DispatcherError {
  const writer = input.schema?.writerPath;
  const files = [
    `input ${input.schema?.path ?? ''}`,
    ...(writer === undefined ? [] : [`written with ${writer}`]),
    `output ${output.schema?.path ?? ''}`,
  ];
  return new DispatcherError(
    'CONFIGURATION',
    `declared fields don't fit the schemas (${files.join(', ')}): ` +
      misfits.map(({ message }) => message).join('; '),
    {
      remedy: 'correct `reads` and `writes` of the transform, or remove both, so that it gets whole values',
      cause: misfits[0],
    },
  );
}
