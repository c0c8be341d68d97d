import { childrenOf, type Node } from '../schema/plan.js';

/**
 * How many plan nodes one generated function may contain. V8 optimizes a function as a whole, in more than
 * linear time: for 150 fields that took seconds, for 300 it gave up, and until then a decoder is slower than
 * avsc.
 */
const FUNCTION_NODES_MAX = 48;

/**
 * Collects the lines of generated source, creates unique names, and decides which records get a function of
 * their own.
 */
export class Emitter {
  readonly functions: string[] = [];
  /** Values that the source refers to by position: `K[3]`. */
  readonly constants: unknown[] = [];
  private readonly names = new Map<Node, string>();
  private readonly skipNames = new Map<Node, string>();
  private readonly recursive: ReadonlySet<Node>;
  private readonly crowded = new Set<Node>();
  private readonly sizes = new Map<Node, number>();
  private counter = 0;

  constructor(root: Node, others: readonly Node[] = []) {
    this.recursive = recursiveNodes([root, ...others]);
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

  /** True for nodes that would make the surrounding function too long, or that can't be inlined at all. */
  isApart(node: Node): boolean {
    return this.recursive.has(node) || this.crowded.has(node) || this.sizeOf(node) > FUNCTION_NODES_MAX;
  }

  /** Splits a record's members, in order, into groups that each fit into a function. */
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

  /** The name of the node's function; `write` is called once to create it. */
  functionFor(node: Node, write: (name: string) => string): string {
    return this.namedFunction(this.names, node, write);
  }

  /** The same for the function that moves past the node's value. */
  skipFunctionFor(node: Node, write: (name: string) => string): string {
    return this.namedFunction(this.skipNames, node, write);
  }

  private namedFunction(names: Map<Node, string>, node: Node, write: (name: string) => string): string {
    const known = names.get(node);
    if (known !== undefined) return known;
    const name = this.fresh('f');
    names.set(node, name);
    this.functions.push(write(name));
    return name;
  }

  private inlineSizeOf(node: Node): number {
    const isRecord = node.kind === 'record' || node.kind === 'resolved';
    return isRecord && this.isApart(node) ? 1 : this.sizeOf(node);
  }

  /** The number of nodes that are inlined for this node, including itself. */
  private sizeOf(node: Node): number {
    const known = this.sizes.get(node);
    if (known !== undefined) return known;
    // For recursive nodes, which get a function anyway.
    this.sizes.set(node, 1);
    const children = childrenOf(node);
    let size = children.reduce((sum, child) => sum + this.inlineSizeOf(child), 1);
    if (node.kind === 'union' && size > FUNCTION_NODES_MAX) {
      // A union of many records: each gets a function.
      for (const child of children) this.crowded.add(child);
      size = children.reduce((sum, child) => sum + this.inlineSizeOf(child), 1);
    }
    this.sizes.set(node, size);
    return size;
  }
}

/** Nodes that contain themselves. */
function recursiveNodes(roots: readonly Node[]): ReadonlySet<Node> {
  const found = new Set<Node>();
  const done = new Set<Node>();
  const open: Node[] = [];
  const visit = (node: Node): void => {
    const at = open.indexOf(node);
    if (at >= 0) {
      // Cycles go through records only, and every record on one needs a function.
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
  for (const root of roots) visit(root);
  return found;
}

/** Escapes a text for the inside of a generated template literal. */
export function inTemplate(text: string): string {
  return text.replace(/[`\\$]/g, '\\$&');
}

/** A text as a literal of the generated source. */
export function literal(text: string): string {
  return JSON.stringify(text)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}
