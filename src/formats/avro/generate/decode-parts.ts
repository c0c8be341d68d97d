/** Statements of a generated decoder for arrays, maps and unions. */

import { type ArrayNode, bytesMin, type MapNode, type Node, type UnionNode } from '../schema/plan.js';
import type { DecodePlace } from './decode-scalars.js';
import type { Emitter } from './emitter.js';
import { fail, length, smallInt, varint } from './snippets.js';

/** Writes the statements that read a part. */
export interface PartReader {
  readonly emitter: Emitter;
  read(node: Node, target: string, path: string): string;
}

export function readArray(node: ArrayNode, reader: PartReader, { target, path }: DecodePlace): string {
  const { emitter } = reader;
  const [list, count, i] = [emitter.fresh('a'), emitter.fresh('n'), emitter.fresh('i')];
  const item = emitter.fresh('v');
  return `const ${list} = [];
${blocks(bytesMin(node.items), count, path)}
  for (let ${i} = 0; ${i} < ${count}; ${i}++) {
    let ${item};
    ${reader.read(node.items, item, `${path}[]`)}
    ${list}.push(${item});
  }
${endOfBlock(count, path)}
${target} = ${list};`;
}

export const FORBIDDEN_KEY =
  'holds the key "__proto__", which would change the prototype of objects it is copied to';

export function readMap(node: MapNode, reader: PartReader, { target, path }: DecodePlace): string {
  const { emitter } = reader;
  const [map, count, i] = [emitter.fresh('m'), emitter.fresh('n'), emitter.fresh('i')];
  const [item, key] = [emitter.fresh('v'), emitter.fresh('k')];
  return `const ${map} = {};
${blocks(1 + bytesMin(node.values), count, path)}
  for (let ${i} = 0; ${i} < ${count}; ${i}++) {
    ${length(path)}
    const ${key} = text(p, c, \`${path}\`); p += c;
    if (${key} === '__proto__') ${fail('FORBIDDEN_KEY', path, FORBIDDEN_KEY)}
    let ${item};
    ${reader.read(node.values, item, `${path}{}`)}
    ${map}[${key}] = ${item};
  }
${endOfBlock(count, path)}
${target} = ${map};`;
}

/**
 * The head of the loop over blocks: counts are compared with the remaining bytes before anything is allocated
 * for them.
 */
export function blocks(itemBytesMin: number, count: string, path: string): string {
  const size = `z${count}`;
  return `for (;;) {
  let ${count}, ${size} = -1;
  ${varint(count, 'sizeTail', path)}
  if (${count} === 0) break;
  if (${count} < 0) {
    ${count} = -${count};
    ${length(path)}
    ${size} = p + c;
  }
  ${boundOf(count, itemBytesMin, path)}`;
}

/** Refuses a count of items that the remaining bytes could not hold. */
function boundOf(count: string, itemBytesMin: number, path: string): string {
  if (itemBytesMin === 0) return `zeros(${count}, \`${path}\`, p);`;
  const itemsMax = itemBytesMin === 1 ? 'e - p' : `(e - p) / ${String(itemBytesMin)}`;
  const claim = `claims \${${count}} items, more than its bytes could hold`;
  return `if (${count} > ${itemsMax}) ${fail('INVALID_COUNT', path, claim)}`;
}

export function endOfBlock(count: string, path: string): string {
  const misfit = fail('INVALID_COUNT', path, "a block's size does not fit its items");
  return `  if (z${count} >= 0 && z${count} !== p) ${misfit}\n}`;
}

export function readUnion(node: UnionNode, reader: PartReader, { target, path }: DecodePlace): string {
  const cases = node.branches.map((branch, index) => {
    const inner =
      node.wrapped && branch.node.kind !== 'null'
        ? reader.read({ kind: 'wrap', name: branch.name, node: branch.node }, target, path)
        : reader.read(branch.node, target, path);
    return `case ${String(index)}: {\n${inner}\nbreak;\n}`;
  });
  return `${smallInt('c', path)}
switch (c) {
${cases.join('\n')}
default: ${fail('INVALID_UNION', path, 'the union has no branch number ${c}')}
}`;
}
