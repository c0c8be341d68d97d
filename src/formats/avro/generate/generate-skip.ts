import { bytesMin, childrenOf, type Node } from '../schema/plan.js';
import { boundOf } from './decode-parts.js';
import type { Emitter } from './emitter.js';
import { fail, length, shortName, varint } from './snippets.js';

/**
 * Statements that move `p` past a value without creating it, for fields of the writer that the reader does
 * not have.
 */
export function emitSkip(node: Node, emitter: Emitter, path: string): string {
  switch (node.kind) {
    case 'null':
      return '';
    case 'boolean':
      return 'p++;';
    case 'int':
    case 'enum':
      return `c = b[p++];\nif (c >= 128) { intTail(p, c, \`${path}\`); p = P; }`;
    case 'long':
      return `parts(p + 1, b[p], \`${path}\`); p = P;`;
    case 'float':
      return 'p += 4;';
    case 'double':
      return 'p += 8;';
    case 'fixed':
      return `p += ${String(node.size)};`;
    case 'string':
    case 'bytes':
      return `${length(path)}\np += c;`;
    case 'array':
      return skipBlocks(node.items, '', { emitter, path });
    case 'map':
      return skipBlocks(node.values, `${length(path)}\np += c;`, { emitter, path });
    case 'union': {
      const cases = node.branches.map(
        (branch, index) => `case ${String(index)}: {\n${emitSkip(branch.node, emitter, path)}\nbreak;\n}`,
      );
      return `c = b[p++];
if (c < 128) c = (c >>> 1) ^ -(c & 1); else { c = intTail(p, c, \`${path}\`); p = P; }
switch (c) {
${cases.join('\n')}
default: ${fail('INVALID_UNION', path, 'the union has no branch number ${c}')}
}`;
    }
    case 'record':
      return skipRecord(node, emitter, path);
    default:
      throw new Error(`a ${node.kind} is never skipped`);
  }
}

function skipRecord(node: Extract<Node, { kind: 'record' }>, emitter: Emitter, path: string): string {
  const inline = (): string => node.fields.map((field) => emitSkip(field.node, emitter, path)).join('\n');
  if (!emitter.isApart(node)) return inline();
  const name = emitter.functionFor(
    node,
    (own) => `function ${own}(p) {
  const b = B, e = E;
  let c = 0;
  enter(\`${shortName(node.name)}\`, p);
  ${inline()}
  D--;
  P = p;
}`,
  );
  return `${name}(p); p = P;`;
}

function skipBlocks(item: Node, key: string, at: { emitter: Emitter; path: string }): string {
  const { emitter, path } = at;
  const [count, i] = [emitter.fresh('n'), emitter.fresh('i')];
  const least = bytesMin(item) + (key === '' ? 0 : 1);
  const hollow = least === 0 && childrenOf(item).length === 0;
  const items = `for (let ${i} = 0; ${i} < ${count}; ${i}++) {
${key}
${emitSkip(item, emitter, path)}
}`;
  return `for (;;) {
  let ${count};
  ${varint(count, 'sizeTail', path)}
  if (${count} === 0) break;
  if (${count} < 0) {
    ${length(path)}
    p += c;
    continue;
  }
  ${boundOf(count, least, path)}
  ${hollow ? '' : items}
}`;
}
