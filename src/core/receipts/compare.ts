/** Finds the place of a difference between the records that a receipt lists and those that are there now. */

/** A record that was read again. */
export interface SeenRecord {
  readonly offset: number;
  readonly mark: number;
}

/**
 * `changed`: another record is at this place. `dropped`: the record is not there, those after it moved up.
 * `inserted`: a record was inserted, and those after it moved down.
 */
export interface Difference {
  readonly kind: 'changed' | 'dropped' | 'inserted';
  readonly offset: number;
  /** Index among the expected marks. */
  readonly index: number;
}

/** How many records after a difference are compared to tell its kind. */
const LOOK_AHEAD = 64;

/**
 * Compares the marks of consecutive offsets from `from` on. Undefined: all marks are equal, which is so for
 * one in 256 changed records.
 */
export function firstDifference(
  from: number,
  expected: Uint8Array,
  seen: readonly SeenRecord[],
): Difference | undefined {
  let index = 0;
  while (index < expected.length && expected[index] === seen[index]?.mark) index++;
  if (index === expected.length) {
    const more = seen[index];
    return more === undefined ? undefined : { kind: 'inserted', offset: more.offset, index };
  }
  const there = seen[index];
  const before = index === 0 ? from : (seen[index - 1]?.offset ?? from) + 1;
  if (there === undefined) return { kind: 'dropped', offset: before, index };
  return { kind: kindAt(expected, seen, index), offset: there.offset, index };
}

function kindAt(expected: Uint8Array, seen: readonly SeenRecord[], index: number): Difference['kind'] {
  const changed = equalShare(expected, seen, index + 1, index + 1);
  const dropped = equalShare(expected, seen, index + 1, index);
  const inserted = equalShare(expected, seen, index, index + 1);
  if (changed >= dropped && changed >= inserted) return 'changed';
  return dropped >= inserted ? 'dropped' : 'inserted';
}

/** How much of what follows is equal, from 0 to 1; of nothing, nothing. */
function equalShare(expected: Uint8Array, seen: readonly SeenRecord[], a: number, b: number): number {
  const count = Math.min(LOOK_AHEAD, expected.length - a, seen.length - b);
  let equal = 0;
  for (let index = 0; index < count; index++) if (expected[a + index] === seen[b + index]?.mark) equal++;
  return count <= 0 ? 0 : equal / count;
}
