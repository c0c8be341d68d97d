/** Recognises a framing around a record's Avro data, so that it is not mistaken for a wrong schema. */

/** A registry counts its ids from 1; beyond this the bytes are more likely data. */
const SCHEMA_ID_MAX = 0xff_ffff;

const REMEDY =
  'kd reads bare Avro; write the records without it, or read them with ' +
  'format raw and decode them in the transform';

/** A hint to append to the error of a record that does not fit its schema; '' if no framing is recognised. */
export function framingHint(bytes: Uint8Array, start: number, end: number): string {
  const framing = framingOf(Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, end - start)));
  return framing === undefined ? '' : `; it begins like ${framing}: ${REMEDY}`;
}

function framingOf(record: Buffer): string | undefined {
  if (record.length >= 4 && record.toString('latin1', 0, 4) === 'Obj\u0001')
    return 'an Avro object container file';
  if (record.length >= 10 && record.readUInt16BE(0) === 0xc301)
    return "Avro's single-object encoding (10 bytes with the schema's fingerprint)";
  if (record.length >= 18 && record[0] === 3 && (record[1] === 0 || record[1] === 5))
    return `AWS Glue Schema Registry's framing (18 bytes, schema version ${uuid(record.subarray(2, 18))})`;
  if (record.length < 5 || record[0] !== 0) return undefined;
  const schemaId = record.readUInt32BE(1);
  if (schemaId === 0 || schemaId > SCHEMA_ID_MAX) return undefined;
  return `Confluent Schema Registry's framing (5 bytes, schema id ${schemaId})`;
}

function uuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
