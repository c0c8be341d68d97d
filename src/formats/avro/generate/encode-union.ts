import type { Branch, Node, UnionNode } from '../schema/plan.js';
import { bucketOf } from '../schema/plan-from-type.js';

/**
 * For each branch of an unwrapped union, the JavaScript condition that `value` belongs to it; cheap and
 * certain conditions come first.
 */
export function acceptsOf(
  node: UnionNode,
  value: string,
): { readonly index: number; readonly condition: string }[] {
  const hasNumber = node.branches.some((branch) => bucketOf(branch.node) === 'number');
  const tests = node.branches.map((branch, index) => ({
    index,
    rank: RANKS.indexOf(bucketOf(branch.node)),
    condition: conditionOf(branch.node, value, hasNumber),
  }));
  return tests.sort((a, b) => a.rank - b.rank || a.index - b.index);
}

/** An object may be a Date, bytes or an array, so it is checked last. */
const RANKS = ['null', 'boolean', 'number', 'string', 'bytes', 'array', 'object'] as const;

function conditionOf(node: Node, value: string, hasNumber: boolean): string {
  switch (bucketOf(node)) {
    case 'null':
      return `${value} === null`;
    case 'boolean':
      return `typeof ${value} === 'boolean'`;
    case 'number': {
      const conditions = [`typeof ${value} === 'number'`];
      if (node.kind === 'long') conditions.push(`typeof ${value} === 'bigint'`);
      if ('logical' in node && node.logical?.kind === 'instant') conditions.push(`${value} instanceof Date`);
      return conditions.join(' || ');
    }
    case 'string': {
      const isDecimal = 'logical' in node && node.logical?.kind === 'decimal';
      return isDecimal && !hasNumber
        ? `typeof ${value} === 'string' || typeof ${value} === 'number' || typeof ${value} === 'bigint'`
        : `typeof ${value} === 'string'`;
    }
    case 'bytes':
      return `${value} instanceof Uint8Array`;
    case 'array':
      return `Array.isArray(${value})`;
    case 'object':
      return `isObject(${value})`;
  }
}

/** Describes a value of the node, for an error. */
export function expectedOf(node: Node): string {
  switch (node.kind) {
    case 'long':
      return node.logical?.kind === 'instant'
        ? `long (${node.logical.unit}s since 1970, or a Date)`
        : 'long (an integer within ±(2^53 − 1), or a BigInt)';
    case 'int':
      return node.logical?.kind === 'instant'
        ? 'date (days since 1970, or a Date)'
        : 'int (an integer of 32 bits)';
    case 'bytes':
      return node.logical?.kind === 'decimal' ? decimal(node.logical) : 'bytes (a Buffer or Uint8Array)';
    case 'fixed':
      if (node.logical?.kind === 'decimal') return decimal(node.logical);
      return node.logical?.kind === 'uuid' ? 'uuid (as text)' : `fixed (exactly ${String(node.size)} bytes)`;
    case 'enum':
      return `enum (${node.symbols.slice(0, 5).join(', ')}${node.symbols.length > 5 ? ', …' : ''})`;
    case 'record':
      return `record (an object)`;
    case 'map':
      return 'map (a plain object)';
    case 'union':
      return node.wrapped
        ? `one of ${node.branches.map(wrappedForm).join(', ')}`
        : node.branches.map((branch) => branch.name).join(' or ');
    default:
      return node.kind;
  }
}

function wrappedForm({ name, node }: Branch): string {
  return node.kind === 'null' ? 'null' : `{ ${JSON.stringify(name)}: … }`;
}

function decimal(logical: { readonly precision: number; readonly scale: number }): string {
  return (
    `decimal of at most ${String(logical.precision)} digits, ${String(logical.scale)} of them ` +
    `after the decimal point (preferably as text)`
  );
}
