import { childrenOf, type Node } from '../schema/plan.js';

/**
 * Plan nodes that one generated function may hold. V8 optimizes a function as a whole, in more than linear
 * time: one for 150 fields took seconds, one for 300 was given up, and until then a decoder is slower than
 * avsc.
 */
const FUNCTION_NODES_MAX = 48;

/**
 * Collects the lines of generated source, hands out fresh names, and decides which records get a function of
 * their own.
 */
export class Emitter {
  readonly functions: string[] = [];
  /** Values that the source refers to by position: `K[3]`. */
  readonly constants: unknown[] = [];
  private readonly names = new Map<Node, string>();
  private readonly recursive: ReadonlySet<Node>;
  private readonly crowded = new Set<Node>();
  private readonly sizes = new Map<Node, number>();
  private counter = 0;

  constructor(root: Node) {
    this.recursive = recursiveNodes(root);
  }

  fresh(prefix: string): string {
    this.counter += 1;
    return `${prefix}${String(this.counter)}`;
  }

  constant(value: unknown): string {
    return `K[${String(this.constants.push(value) - 1)}]`;
  }

  isRecursive(node: Node): boolean {
    return this.recursive.has(node);
  }

  /** True for what would make the function around it too long, or could not be written out at all. */
  isApart(node: Node): boolean {
    return this.recursive.has(node) || this.crowded.has(node) || this.sizeOf(node) > FUNCTION_NODES_MAX;
  }

  /** Parts a record's members, in their order, into groups of which each fits a function. */
  grouped<T extends { readonly node: Node }>(members: readonly T[]): T[][] {
    const groups: T[][] = [];
    let room = 0;
    for (const member of members) {
      const size = this.inlineSizeOf(member.node);
      const group = groups.at(-1);
      if (group !== undefined && size <= room) {
        group.push(member);
        room -= size;
      } else {
        groups.push([member]);
        room = FUNCTION_NODES_MAX - 1 - size;
      }
    }
    return groups;
  }

  /** The name of the node's function; `write` is called once, to make it. */
  functionFor(node: Node, write: (name: string) => string): string {
    const known = this.names.get(node);
    if (known !== undefined) return known;
    const name = this.fresh('f');
    this.names.set(node, name);
    this.functions.push(write(name));
    return name;
  }

  private inlineSizeOf(node: Node): number {
    const isRecord = node.kind === 'record' || node.kind === 'resolved';
    return isRecord && this.isApart(node) ? 1 : this.sizeOf(node);
  }

  /** Nodes written out where the node is, itself among them. */
  private sizeOf(node: Node): number {
    const known = this.sizes.get(node);
    if (known !== undefined) return known;
    // For the recursive ones, which are apart anyway.
    this.sizes.set(node, 1);
    const children = childrenOf(node);
    let size = children.reduce((sum, child) => sum + this.inlineSizeOf(child), 1);
    if (node.kind === 'union' && size > FUNCTION_NODES_MAX) {
      // Many records, of which one comes: each gets a function.
      for (const child of children) this.crowded.add(child);
      size = children.reduce((sum, child) => sum + this.inlineSizeOf(child), 1);
    }
    this.sizes.set(node, size);
    return size;
  }
}

/** Nodes that can be reached from themselves. */
function recursiveNodes(root: Node): ReadonlySet<Node> {
  const found = new Set<Node>();
  const done = new Set<Node>();
  const open: Node[] = [];
  const visit = (node: Node): void => {
    const at = open.indexOf(node);
    if (at >= 0) {
      // Only records close a circle, and every record on it needs a call.
      for (const member of open.slice(at))
        if (member.kind === 'record' || member.kind === 'resolved') found.add(member);
      return;
    }
    if (done.has(node)) return;
    open.push(node);
    for (const child of childrenOf(node)) visit(child);
    open.pop();
    done.add(node);
  };
  visit(root);
  return found;
}

/** A text as it appears inside a generated template literal. */
export function inTemplate(text: string): string {
  return text.replace(/[`\\$]/g, '\\$&');
}

/** A text as a literal of the generated source. */
export function literal(text: string): string {
  return JSON.stringify(text)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}
