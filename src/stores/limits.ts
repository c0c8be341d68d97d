/** A limit for everything a hostile store could inflate. Real stores stay far below. */

/** Debian's cacerts, with 144 roots, has 170 KB. */
export const STORE_BYTES_MAX = 16 * 1024 * 1024;
export const ENTRIES_MAX = 10_000;
export const CHAIN_CERTIFICATES_MAX = 100;
export const ALIAS_CHARACTERS_MAX = 1_024;
/** Java's own limit, KeyStore's PKCS12: "Invalid iteration count". */
export const ITERATIONS_MAX = 5_000_000;
/** Over all parts of one store: many cheap-looking parts must not add up to minutes. */
export const ITERATIONS_TOTAL_MAX = 10_000_000;
export const DER_DEPTH_MAX = 32;
export const DER_ELEMENTS_MAX = 200_000;
export const SALT_BYTES_MAX = 1_024;
export const SCRYPT_MEMORY_BYTES_MAX = 256 * 1024 * 1024;
