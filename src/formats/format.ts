/**
 * The two interfaces between a record's bytes and its value, which all three formats (raw, json, avro)
 * implement.
 */

export interface Decoder {
  /**
   * Decodes `bytes[start, end)`. Nothing at or after `end` belongs to the record, and the value shares no
   * memory with `bytes`. `row`: its number, if `bytes` is an input block. Throws {@link FormatError}.
   */
  decode(bytes: Uint8Array, start: number, end: number, row?: number): unknown;
  /**
   * Forgets everything about the bytes seen so far, which may change from now on. Needed for a decoder that
   * shares texts with an encoder.
   */
  release?(): void;
}

export interface Encoder {
  /**
   * Encodes `value` at `start` and returns the end position, or −1 − neededBytes if `[start, limit)` is too
   * small; then the content of `[start, limit)` is undefined. Nothing outside it is ever written. Throws
   * {@link FormatError} if the value can't be encoded.
   */
  encode(value: unknown, bytes: Uint8Array, start: number, limit: number): number;
  /**
   * For an encoder that copies most of the record from which the value was made: called before each `encode`
   * with that record, `bytes[start, end)`, which its decoder has accepted before.
   */
  from?(bytes: Uint8Array, start: number, end: number, row?: number): void;
}

/** A record that does not fit its format; dead letters carry the `code` ([A-Z][A-Z0-9_]*). */
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
  /** Avro output: what happens to a field that the schema does not have. [reject] */
  readonly unknownFields?: 'reject' | 'ignore';
  /** How an Avro long is returned: as a number (exact, or the record is rejected) or always as a BigInt. */
  readonly long: 'number' | 'bigint';
}
