import fc from 'fast-check';
import type { InputRecord } from '../../src/wire/input-writer.js';
import type { InputFault } from './input-fault.js';

export const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
export const maybeBytes = fc.option(bytes, { nil: null });
/** Names that survive UTF-8: no lone surrogates. */
export const name = fc
  .string({ unit: 'grapheme', maxLength: 8 })
  .filter((text) => Buffer.from(text).toString() === text);
export const headers = fc.option(fc.array(fc.tuple(name, maybeBytes), { maxLength: 4 }), { nil: null });
export const safeInteger = fc.oneof(fc.nat(), fc.maxSafeNat());
export const timestamp = fc.oneof(fc.constant(-1), safeInteger);

export interface GivenRun {
  readonly partitionId: number;
  readonly epoch: number;
  readonly records: readonly InputRecord[];
}

const record = fc.record({ timestamp, key: maybeBytes, value: maybeBytes, headers, gap: fc.nat({ max: 3 }) });

/** A sequence of records of one partition and epoch, with rising offsets. */
export const run: fc.Arbitrary<GivenRun> = fc
  .tuple(
    fc.nat({ max: 5 }),
    fc.integer({ min: 1, max: 0xffffffff }),
    fc.integer({ min: 0, max: 2 ** 52 }),
    fc.array(record, { minLength: 1, maxLength: 6 }),
  )
  .map(([partitionId, epoch, firstOffset, records]) => {
    let offset = firstOffset;
    return {
      partitionId,
      epoch,
      records: records.map(({ gap, ...rest }) => {
        offset += 1 + gap;
        return { ...rest, offset };
      }),
    };
  });

export const fault: fc.Arbitrary<InputFault> = fc
  .tuple(
    fc.nat({ max: 5 }),
    fc.integer({ min: 1, max: 0xffffffff }),
    safeInteger,
    fc.integer({ min: -200, max: 120 }),
    name,
  )
  .map(([partitionId, epoch, offset, code, text]) => ({ partitionId, epoch, offset, code, text }));
