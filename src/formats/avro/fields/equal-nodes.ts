import type { Logical, Node } from '../schema/plan.js';

/**
 * True if values of both plans have the same bytes with the same meaning: then a field can be copied from a
 * record of one schema into a record of the other. Names of records, enums and fixed are not in the data, so
 * they matter only where a value has them, as in a branch of a union.
 */
export function areEqual(one: Node, other: Node, assumed: Assumed = new Map()): boolean {
  if (one === other || assumed.get(one)?.has(other) === true) return true;
  if (one.kind !== other.kind) return false;
  // A record may contain itself: a pair that is still being compared counts as equal.
  assumed.set(one, new Set([...(assumed.get(one) ?? []), other]));
  return haveEqualParts(one, other, assumed);
}

type Assumed = Map<Node, ReadonlySet<Node>>;

function haveEqualParts(one: Node, other: Node, assumed: Assumed): boolean {
  if (one.kind === 'fixed' && other.kind === 'fixed')
    return one.size === other.size && haveEqualMeaning(one.logical, other.logical);
  if (one.kind === 'enum' && other.kind === 'enum') return areEqualLists(one.symbols, other.symbols);
  if (one.kind === 'array' && other.kind === 'array') return areEqual(one.items, other.items, assumed);
  if (one.kind === 'map' && other.kind === 'map') return areEqual(one.values, other.values, assumed);
  if (one.kind === 'union' && other.kind === 'union') {
    const [ones, others] = [one.branches, other.branches];
    if (ones.length !== others.length || one.wrapped !== other.wrapped) return false;
    return ones.every((branch, index) => {
      const match = others[index];
      if (match === undefined || (one.wrapped && branch.name !== match.name)) return false;
      return areEqual(branch.node, match.node, assumed);
    });
  }
  if (one.kind === 'record' && other.kind === 'record') {
    const [ones, others] = [one.fields, other.fields];
    return (
      ones.length === others.length &&
      ones.every((field, index) => {
        const match = others[index];
        return field.name === match?.name && areEqual(field.node, match.node, assumed);
      })
    );
  }
  return 'logical' in one && 'logical' in other && haveEqualMeaning(one.logical, other.logical);
}

function haveEqualMeaning(one: Logical | undefined, other: Logical | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function areEqualLists(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
