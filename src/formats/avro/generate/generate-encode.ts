import { nearestName } from '../../../core/nearest-name.js';
import { FormatError } from '../../format.js';
import { NESTING_DEPTH_MAX, SHOWN_CHARS_MAX } from '../../limits.js';
import type { RawBuffer } from '../../memory.js';
import { decimalBytes, fromDate, uuidBytes } from '../schema/logical.js';
import type { Node } from '../schema/plan.js';
import type { SourceTexts } from '../source-texts.js';
import { EncodeSource } from './encode-source.js';

export interface GeneratedEncoder {
  readonly attach: (bytes: Uint8Array, buffer: RawBuffer, view: DataView) => void;
  /** Throws {@link OVERFLOW} when the value might not fit. */
  readonly write: (value: unknown, start: number, limit: number) => number;
}

/** Thrown, and caught by the encoder: not an error, so it costs no stack trace. */
export const OVERFLOW: unique symbol = Symbol('overflow');

export interface EncodeOptions {
  /** Decides about a field that the schema does not have. */
  readonly unknownFields: 'reject' | 'ignore';
  readonly texts?: SourceTexts;
}

/** Writes the encoder of one plan as straight-line JavaScript and compiles it. */
export function generateEncoder(root: Node, options: EncodeOptions): GeneratedEncoder {
  return compileEncoder(new EncodeSource(root, options.unknownFields === 'reject'), {
    S: options.texts,
    NO_FIELD: 'the schema has no field',
  });
}

interface EncoderScope {
  readonly S: SourceTexts | undefined;
  /** The beginning of the error about a field that may not be there. */
  readonly NO_FIELD: string;
}

/** `more`: what the source names besides the prelude. */
export function compileEncoder(
  source: EncodeSource,
  more: EncoderScope & Readonly<Record<string, unknown>>,
): GeneratedEncoder {
  const scope = {
    FormatError,
    OVERFLOW,
    NESTING_DEPTH_MAX,
    SHOWN_CHARS_MAX,
    decimalBytes,
    uuidBytes,
    fromDate,
    nearestName,
    K: source.emitter.constants,
    ...more,
  };
  // Safe: names come from a parsed schema, whose identifiers avsc has checked; no values are in the source.
  const make = new Function(...Object.keys(scope), source.text()) as (
    ...values: unknown[]
  ) => GeneratedEncoder;
  return make(...Object.values(scope));
}
