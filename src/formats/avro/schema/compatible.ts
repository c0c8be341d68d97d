import avro, { type Type, type types } from 'avsc';
import { nameOf } from './names.js';
import type { Logical, Node, PrimitiveKind, PrimitiveNode } from './plan.js';

/** Which primitive types may be read as which others. */
export const PROMOTIONS: Partial<Record<PrimitiveKind, readonly PrimitiveKind[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/** The reason why data of one schema can't be read with the other, and the place. */
export class Incompatible extends Error {
  override readonly name = 'Incompatible';
}

export type UnionType = types.UnwrappedUnionType | types.WrappedUnionType;

export function isUnion(type: Type): type is UnionType {
  return type instanceof avro.types.UnwrappedUnionType || type instanceof avro.types.WrappedUnionType;
}

export function isPrimitive(node: Node): node is PrimitiveNode {
  return 'logical' in node && node.kind !== 'fixed';
}

/** Names match by unqualified name, as the specification says, or by an alias of the reader. */
export function checkNames(reader: Type, writer: Type, path: string): void {
  const wanted = [reader.name, ...(reader.aliases ?? [])].map((name) => unqualified(name));
  if (writer.name === undefined || wanted.includes(unqualified(writer.name))) return;
  throw new Incompatible(
    `${path}: ${nameOf(writer)} can't be read as ${nameOf(reader)}; names differ and no ` +
      `alias says they mean the same`,
  );
}

function unqualified(name: string | undefined): string | undefined {
  return name?.slice(name.lastIndexOf('.') + 1);
}

/**
 * The bytes would fit, but the number would have another meaning: cents read as thousandths, milliseconds as
 * microseconds.
 */
export function checkMeaning(reader: Logical | undefined, writer: Logical | undefined, path: string): void {
  if (reader === undefined || writer === undefined) return;
  const say = (logical: Logical): string => {
    switch (logical.kind) {
      case 'decimal':
        return `decimal of scale ${String(logical.scale)}`;
      case 'uuid':
        return 'uuid';
      default:
        return `${logical.kind} in ${logical.unit}`;
    }
  };
  if (say(reader) !== say(writer))
    throw new Incompatible(
      `${path}: ${say(writer)} can't be read as ${say(reader)}; the numbers would change their meaning`,
    );
}
