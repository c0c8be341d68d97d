import { FormatError } from '../../format.js';
import { NESTING_DEPTH_MAX, TEXT_WINDOW_BYTES, ZERO_BYTE_ITEMS_MAX } from '../../limits.js';
import { type RawBuffer, utf8Text } from '../../memory.js';
import { decimalText, uuidText } from '../schema/logical.js';
import type { Node } from '../schema/plan.js';
import type { SourceTexts } from '../source-texts.js';
import { type DecodeOptions, DecodeSource } from './decode-source.js';

export interface GeneratedDecoder {
  /** Switches to another block. */
  readonly attach: (bytes: Uint8Array, buffer: RawBuffer, view: DataView) => void;
  readonly read: (start: number, end: number) => unknown;
}

/** Writes the decoder of one plan as straight-line JavaScript and compiles it. */
export function generateDecoder(root: Node, options: DecodeOptions, texts?: SourceTexts): GeneratedDecoder {
  return compileDecoder(new DecodeSource(root, options), { S: texts, STABLE: texts !== undefined });
}

interface DecoderScope {
  readonly S: SourceTexts | undefined;
  /** A block keeps its bytes until another one is attached. */
  readonly STABLE: boolean;
}

/** `more`: what the source names besides the prelude. */
export function compileDecoder(
  source: DecodeSource,
  more: DecoderScope & Readonly<Record<string, unknown>>,
): GeneratedDecoder {
  const scope = {
    FormatError,
    utf8Text,
    decimalText,
    uuidText,
    TEXT_WINDOW_BYTES,
    ZERO_BYTE_ITEMS_MAX,
    NESTING_DEPTH_MAX,
    K: source.emitter.constants,
    ...more,
  };
  // Safe: names come from a parsed schema, whose identifiers avsc has checked; no data from records is in the
  // source.
  const make = new Function(...Object.keys(scope), source.text()) as (
    ...values: unknown[]
  ) => GeneratedDecoder;
  return make(...Object.values(scope));
}
