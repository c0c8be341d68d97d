/**
 * A schema in the form that the generators use. The same kind of plan describes what to write, what to read,
 * and what to read when the data was written with another schema (then it follows the writer's bytes and
 * names the reader's values).
 */

export type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

export type Logical =
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'uuid' }
  /** A point in time: a number on the wire and in the value; when encoding, a Date is accepted too. */
  | { readonly kind: 'instant'; readonly unit: 'day' | 'milli' | 'micro' | 'nano' }
  /** A time of day: a number. */
  | { readonly kind: 'time'; readonly unit: 'milli' | 'micro' };

export interface PrimitiveNode {
  readonly kind: PrimitiveKind;
  readonly logical: Logical | undefined;
}
export interface FixedNode {
  readonly kind: 'fixed';
  readonly name: string;
  readonly size: number;
  readonly logical: Logical | undefined;
}
export interface EnumNode {
  readonly kind: 'enum';
  readonly name: string;
  readonly symbols: readonly string[];
}
export interface ArrayNode {
  readonly kind: 'array';
  readonly items: Node;
}
export interface MapNode {
  readonly kind: 'map';
  readonly values: Node;
}
export interface Branch {
  /** The branch's name in avsc and in Avro's JSON encoding. */
  readonly name: string;
  readonly node: Node;
}
export interface UnionNode {
  readonly kind: 'union';
  readonly branches: readonly Branch[];
  /** Values are `{ [branch name]: value }`, because a bare value would not show the branch. */
  readonly wrapped: boolean;
}
export interface FieldDefault {
  /** The default, encoded. */
  readonly bytes: Uint8Array;
}
export interface Field {
  readonly name: string;
  readonly node: Node;
  readonly fallback: FieldDefault | undefined;
}
export interface RecordNode {
  readonly kind: 'record';
  readonly name: string;
  /** Filled after construction, because a record may contain itself. */
  fields: readonly Field[];
}

/** Read as one primitive type, returned as another. */
export interface PromoteNode {
  readonly kind: 'promote';
  readonly from: PrimitiveKind;
  readonly to: PrimitiveNode;
}
/** A value returned as a branch of a wrapped reader union, although the writer wrote no union. */
export interface WrapNode {
  readonly kind: 'wrap';
  readonly name: string;
  readonly node: Node;
}
/** The symbols of the writer's enum; undefined for those that the reader does not have. */
export interface SymbolsNode {
  readonly kind: 'symbols';
  readonly symbols: readonly (string | undefined)[];
  /** The reason for rejecting a record with this symbol; undefined for the others. */
  readonly refusals: readonly (string | undefined)[];
}
/** A part that the reader can't read at all: a record that contains it is rejected. */
export interface RefuseNode {
  readonly kind: 'refuse';
  readonly message: string;
}
/** A writer's record returned as a reader's record. */
export interface ResolvedRecordNode {
  readonly kind: 'resolved';
  readonly name: string;
  /** In the writer's order: the index of the reader's field that gets the value, or −1 if it is skipped. */
  steps: readonly { readonly node: Node; readonly field: number }[];
  /** In the reader's order; a fallback is present for exactly those fields that no step fills. */
  fields: readonly {
    readonly name: string;
    readonly node: Node;
    readonly fallback: FieldDefault | undefined;
  }[];
}

export type Node =
  | PrimitiveNode
  | FixedNode
  | EnumNode
  | ArrayNode
  | MapNode
  | UnionNode
  | RecordNode
  | PromoteNode
  | WrapNode
  | SymbolsNode
  | RefuseNode
  | ResolvedRecordNode;

export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'array':
      return [node.items];
    case 'map':
      return [node.values];
    case 'union':
      return node.branches.map((branch) => branch.node);
    case 'record':
      return node.fields.map((field) => field.node);
    case 'resolved':
      return node.steps.map((step) => step.node);
    case 'wrap':
      return [node.node];
    default:
      return [];
  }
}

/**
 * The minimum number of bytes of a value on the wire, which limits hostile counts. A record that contains
 * itself counts as 0, so the result may be too low, but is never too high.
 */
export function bytesMin(node: Node, known: Map<Node, number> = new Map()): number {
  const found = known.get(node);
  if (found !== undefined) return found;
  known.set(node, 0);
  const least = leastOf(node, known);
  known.set(node, least);
  return least;
}

function leastOf(node: Node, known: Map<Node, number>): number {
  const always = bytesAlways(node);
  if (always !== undefined) return always;
  switch (node.kind) {
    case 'null':
    case 'refuse':
      return 0;
    case 'wrap':
      return bytesMin(node.node, known);
    case 'promote':
      return bytesMin({ kind: node.from, logical: undefined });
    case 'union':
      return 1 + Math.min(...node.branches.map((branch) => bytesMin(branch.node, known)));
    case 'record':
    case 'resolved':
      return childrenOf(node).reduce((sum, child) => sum + bytesMin(child, known), 0);
    default:
      return 1;
  }
}

/** The number of bytes of every value; undefined where values differ in it. */
export function bytesAlways(node: Node): number | undefined {
  switch (node.kind) {
    case 'boolean':
      return 1;
    case 'float':
      return 4;
    case 'double':
      return 8;
    case 'fixed':
      return node.size;
    default:
      return undefined;
  }
}
