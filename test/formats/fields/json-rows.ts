import { type Codecs, loadCodecs } from '../../../src/formats/on-demand.js';
import { InputBatchReader } from '../../../src/wire/input-reader.js';
import { inputOf } from '../../transform/support.js';
import { declared, type Placed } from './support.js';

const JSON_SPEC = { format: 'json' as const, long: 'number' as const };

export function jsonFields(reads: readonly string[], writes: readonly string[]): Promise<Codecs> {
  return loadCodecs({ input: JSON_SPEC, output: JSON_SPEC }, declared(reads, writes));
}

/** A record in an input block. */
export interface Row extends Placed {
  readonly bytes: Buffer;
  readonly row: number;
}

export function rowsOf(records: readonly (string | Uint8Array)[]): Row[] {
  const reader = new InputBatchReader();
  reader.open(inputOf(records.map((value) => ({ value }))).block.bytes);
  return records.map((_record, row) => {
    const start = reader.valueStart(row);
    return { bytes: reader.bytes, start, end: start + reader.valueLength(row), row };
  });
}

export function decodeRow({ decoder }: Codecs, { bytes, start, end, row }: Row): unknown {
  return decoder.decode(bytes, start, end, row);
}
