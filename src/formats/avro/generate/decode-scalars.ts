/** Statements of a generated decoder for values without parts: primitives, bytes, fixed, symbols. */

import type { EnumNode, FixedNode, PrimitiveNode, PromoteNode, SymbolsNode } from '../schema/plan.js';
import type { Emitter } from './emitter.js';
import { fail, length, smallInt, varint } from './snippets.js';

/** The variable to set, and the inside of a template literal that names it in an error. */
export interface DecodePlace {
  readonly target: string;
  readonly path: string;
}

export type Long = 'number' | 'bigint';

export function readFixed(node: FixedNode, at: DecodePlace): string {
  return `if (e - p < ${String(node.size)}) fail('TRUNCATED', \`${at.path}: \`, e + 1);
${bytes(node.logical, at.target, String(node.size))}`;
}

export function readEnum(node: EnumNode, emitter: Emitter, { target, path }: DecodePlace): string {
  const none = fail('INVALID_ENUM', path, 'the enum has no symbol number ${c}');
  return `${smallInt('c', path)}
${target} = ${emitter.constant(node.symbols)}[c];
if (c < 0 || c >= ${String(node.symbols.length)}) ${none}`;
}

/** The symbols of the writer's enum, some of which the reader lacks. */
export function readSymbols(node: SymbolsNode, emitter: Emitter, { target, path }: DecodePlace): string {
  const none = fail('INVALID_ENUM', path, 'the enum has no symbol number ${c}');
  return `${smallInt('c', path)}
${target} = ${emitter.constant(node.symbols)}[c];
if (${target} === undefined) {
  if (c < 0 || c >= ${String(node.symbols.length)}) ${none}
  fail('UNREADABLE', ${emitter.constant(node.refusals)}[c], p);
}`;
}

export function readPrimitive(node: PrimitiveNode, long: Long, { target, path }: DecodePlace): string {
  switch (node.kind) {
    case 'null':
      return `${target} = null;`;
    case 'boolean':
      return `c = b[p++];
if (c > 1) ${fail('INVALID_BOOLEAN', path, 'a boolean is a byte 0 or 1, not ${c}')}
${target} = c === 1;`;
    case 'int':
      return varint(target, 'intTail', path);
    case 'long':
      return long === 'bigint'
        ? `${target} = longBig(p, \`${path}\`); p = P;`
        : varint(target, 'longTail', path);
    case 'float':
      return `if (e - p < 4) fail('TRUNCATED', \`${path}: \`, e + 1);
${target} = W.getFloat32(p, true); p += 4;`;
    case 'double':
      return `if (e - p < 8) fail('TRUNCATED', \`${path}: \`, e + 1);
${target} = W.getFloat64(p, true); p += 8;`;
    case 'string':
      return `${length(path)}\n${target} = text(p, c, \`${path}\`); p += c;`;
    case 'bytes':
      return `${length(path)}\n${bytes(node.logical, target, 'c')}`;
  }
}

function bytes(logical: PrimitiveNode['logical'], target: string, size: string): string {
  if (logical?.kind === 'decimal')
    return `${target} = decimalText(b, p, p + ${size}, ${String(logical.scale)}); p += ${size};`;
  if (logical?.kind === 'uuid') return `${target} = uuidText(X, p); p += ${size};`;
  return `${target} = copy(p, ${size}); p += ${size};`;
}

export function readPromoted({ from, to }: PromoteNode, long: Long, at: DecodePlace): string {
  const { target, path } = at;
  if (from === 'string' || from === 'bytes') return readPrimitive(to, long, at);
  if (from === 'float') return readPrimitive({ kind: 'float', logical: undefined }, long, at);
  const source =
    from === 'int' ? varint(target, 'intTail', path) : `${target} = longAny(p, \`${path}\`); p = P;`;
  if (to.kind === 'float') return `${source}\n${target} = Math.fround(${target});`;
  if (to.kind === 'long' && long === 'bigint') return `${source}\n${target} = BigInt(${target});`;
  return source;
}
