/** What a record's bytes become and come from. The three formats (raw, json, avro) implement these two. */

export interface Decoder {
  /**
   * Decodes `bytes[start, end)`. Nothing at or behind `end` is part of the record, and the value shares no
   * memory with `bytes`. Throws {@link FormatError}.
   */
  decode(bytes: Uint8Array, start: number, end: number): unknown;
  /**
   * Forgets all about the bytes seen so far, which may change from now on. Needed for a decoder that shares
   * its memory with an encoder.
   */
  release?(): void;
}

export interface Encoder {
  /**
   * Encodes `value` at `start` and returns the end position; −1 − neededBytes when `[start, limit)` is too
   * small, and then what lies in `[start, limit)` is undefined. Nothing outside it is ever written. Throws
   * {@link FormatError} for what can't be encoded.
   */
  encode(value: unknown, bytes: Uint8Array, start: number, limit: number): number;
}

/** A record that does not fit its format; `code` ([A-Z][A-Z0-9_]*) is what a dead letter carries. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export interface FormatSpec {
  readonly format: 'raw' | 'json' | 'avro';
  /** Avro only. Absolute paths. */
  readonly schema?: {
    readonly path: string;
    readonly writerPath?: string;
    readonly references: readonly string[];
  };
  /** Avro output: what becomes of a field that the schema does not have. [reject] */
  readonly unknownFields?: 'reject' | 'ignore';
  /** What an Avro long becomes: a number (exact, or the record is refused) or always a BigInt. */
  readonly long: 'number' | 'bigint';
}
