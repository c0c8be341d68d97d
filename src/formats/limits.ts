/** Limits that keep the cost of hostile or absurd records in proportion to their size. */

/**
 * Nesting of decoded and encoded values, JSON and Avro alike: deeper values would overflow the stack of
 * anything that traverses them.
 */
export const NESTING_DEPTH_MAX = 1_000;

/** Avro array items without bytes on the wire (null, empty records, fixed of size 0), counted per record. */
export const ZERO_BYTE_ITEMS_MAX = 100_000;

/**
 * Short ASCII strings are cut from a larger text that is read from the block in one call into C++, which may
 * include strings of the following records if the block is known not to change. V8 may keep that text alive
 * as long as one such string, so this limits how much memory a kept string can hold.
 */
export const TEXT_WINDOW_BYTES = 1_024;

/** Size of an encoded value; no Kafka broker would accept a larger record. */
export const ENCODED_BYTES_MAX = 256 * 1024 * 1024;

/** Size of an Avro decimal in two's complement: about 1,200 digits. */
export const DECIMAL_BYTES_MAX = 512;

/** How many characters of a user's value an error message repeats. */
export const SHOWN_CHARS_MAX = 60;
