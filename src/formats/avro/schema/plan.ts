/**
 * A schema as the generators see it. One kind of plan serves three uses: what to write, what to read, and
 * what to read when the data was written with another schema (then it follows the writer's bytes and names
 * the reader's values).
 */

export type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

export type Logical =
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'uuid' }
  /** A point in time: a number on the wire and in the value; a Date is accepted, too, when encoding. */
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
  /** The branch's name as avsc and Avro's JSON encoding spell it. */
  readonly name: string;
  readonly node: Node;
}
export interface UnionNode {
  readonly kind: 'union';
  readonly branches: readonly Branch[];
  /** Values are `{ [branch name]: value }`, because a bare value would not say which branch is meant. */
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
  /** Filled after construction, since a record may hold itself. */
  fields: readonly Field[];
}

/** Read as one primitive, delivered as another. */
export interface PromoteNode {
  readonly kind: 'promote';
  readonly from: PrimitiveKind;
  readonly to: PrimitiveNode;
}
/** A value delivered as the branch of a wrapped reader union, though the writer wrote no union. */
export interface WrapNode {
  readonly kind: 'wrap';
  readonly name: string;
  readonly node: Node;
}
/** The symbols of a writer's enum; those the reader does not have are undefined. */
export interface SymbolsNode {
  readonly kind: 'symbols';
  readonly symbols: readonly (string | undefined)[];
  /** Why a record with such a symbol is refused; undefined for the others. */
  readonly refusals: readonly (string | undefined)[];
}
/** What the reader can't take at all: a record that holds it is refused. */
export interface RefuseNode {
  readonly kind: 'refuse';
  readonly message: string;
}
/** A writer's record delivered as a reader's. */
export interface ResolvedRecordNode {
  readonly kind: 'resolved';
  readonly name: string;
  /**
   * In the writer's order: the slots of the reader's field that takes the value, or −1 for one that is
   * skipped.
   */
  steps: readonly { readonly node: Node; readonly field: number }[];
  /** In the reader's order; a fallback is present for exactly those no step fills. */
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
 * The fewest bytes a value takes on the wire; what bounds a hostile count. A record inside itself counts as 0
 * there, so with a `known` that was filled under way the answer may be lower than the truth, never higher.
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
  switch (node.kind) {
    case 'null':
    case 'refuse':
      return 0;
    case 'float':
      return 4;
    case 'double':
      return 8;
    case 'fixed':
      return node.size;
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
