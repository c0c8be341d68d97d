/** The bounds that keep hostile or absurd records from costing more than their size. */

/**
 * Nesting of decoded and encoded values, JSON and Avro alike: deeper ones would overflow the stack of whoever
 * walks them.
 */
export const NESTING_DEPTH_MAX = 1_000;

/**
 * Avro array items that take no byte on the wire (null, empty records, fixed of size 0), counted over one
 * record.
 */
export const ZERO_BYTE_ITEMS_MAX = 100_000;

/**
 * Short ASCII strings are cut from a text that is taken out of the block in one piece: one call into C++ for
 * many strings, those of the records that come next among them where the block is known to stay as it is. V8
 * may let such a string keep that piece alive, so this bounds what a string that is kept can hold on to.
 */
export const TEXT_WINDOW_BYTES = 1_024;

/** An encoded value; beyond it no Kafka broker would take the record. */
export const ENCODED_BYTES_MAX = 256 * 1024 * 1024;

/** Two's complement bytes of one Avro decimal: about 1,200 digits. */
export const DECIMAL_BYTES_MAX = 512;

/** Characters of a user's value that an error message repeats. */
export const SHOWN_CHARS_MAX = 60;
