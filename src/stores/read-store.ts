/** Reads any store by its content. Like Java, it ignores the file name and the configured type. */

import { type DerElement, isWholeSequence, readElement, Tag } from './asn1/der.js';
import { certificateFrom } from './certificates.js';
import { JKS_MAGIC, readJks } from './jks/jks.js';
import { STORE_BYTES_MAX } from './limits.js';
import { readPem } from './pem/pem.js';
import { readPkcs12 } from './pkcs12/pkcs12.js';
import { Reading } from './reading.js';
import { foreignBinary, foreignDer, foreignText } from './recognise.js';
import type { Store, StoreOptions } from './store.js';

/** Throws only StoreError, whatever the bytes. */
export function readStore(bytes: Buffer, options: StoreOptions): Store {
  const reading = new Reading(options.file);
  if (bytes.length === 0) throw reading.error('empty', 'is empty', 'create or copy the store again');
  if (bytes.length > STORE_BYTES_MAX)
    throw reading.limit(`has ${bytes.length} bytes (at most ${STORE_BYTES_MAX})`);
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === JKS_MAGIC) return readJks(reading, bytes, options);
  if (isDer(bytes)) return readDer(reading, bytes, options);
  const text = textOf(bytes);
  if (text.includes('-----BEGIN ')) return readPem(reading, text, options);
  throw foreignBinary(reading, bytes) ?? foreignText(reading, text);
}

/**
 * Text may begin with "0", too, but then a letter follows. DER continues with a long length, or with the
 * length of exactly this file (a store without entries).
 */
function isDer(bytes: Buffer): boolean {
  const [tag, length = 0] = bytes;
  return tag === Tag.sequence && (length >= 0x80 || isWholeSequence(bytes));
}

function readDer(reading: Reading, bytes: Buffer, options: StoreOptions): Store {
  const outermost = readElement(bytes, reading);
  if (isPkcs12(outermost)) return readPkcs12(reading, outermost, options);
  const foreign = foreignDer(reading, outermost);
  if (foreign !== undefined) throw foreign;
  const certificate = certificateFrom(reading, outermost.raw, 'the only element');
  // A JKS whose beginning was cut off starts with a certificate; its other entries would be missed silently.
  const extraBytes = bytes.length - outermost.raw.length;
  if (extraBytes > 0)
    throw reading.error(
      'damaged',
      `is damaged: ${extraBytes} bytes follow its first certificate`,
      'copy it again from its origin; to trust several certificates, put them into one PEM file',
    );
  return {
    kind: 'pem',
    file: reading.file,
    entries: [{ alias: 'certificate-1', type: 'trusted', certificates: [certificate] }],
    warnings: [],
  };
}

/** PKCS#12 is a version, then contents that name their type; a bare key has a version, too. */
function isPkcs12(outermost: DerElement): boolean {
  const [version, contents] = outermost.sequence('the outermost element');
  return (
    version?.tag === Tag.integer &&
    contents?.tag === Tag.sequence &&
    contents.content.subarray(0, PKCS7_PREFIX.length).equals(PKCS7_PREFIX)
  );
}

/** The DER encoding of the object identifiers 1.2.840.113549.1.7.*, without the last arc. */
const PKCS7_PREFIX = Buffer.from('06092a864886f70d0107', 'hex');

/** Windows editors write UTF-16 or a byte order mark. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2);
  // Latin-1 keeps every byte: comments may be in any encoding, the blocks are ASCII.
  return bytes.toString('latin1');
}
