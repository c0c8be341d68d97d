import { bytesMin, childrenOf, type Node } from '../schema/plan.js';
import { blocks, endOfBlock, FORBIDDEN_KEY } from './decode-parts.js';
import type { Emitter } from './emitter.js';
import { fail, length, shortName, smallInt } from './snippets.js';

/**
 * Statements that move `p` past a value without creating it, and refuse what reading it would refuse: for
 * fields that are copied as they are, and for those of the writer that the reader does not have.
 */
export function emitSkip(node: Node, emitter: Emitter, path: string): string {
  switch (node.kind) {
    case 'null':
      return '';
    case 'boolean':
      return `c = b[p++];
if (c > 1) ${fail('INVALID_BOOLEAN', path, 'a boolean is a byte 0 or 1, not ${c}')}`;
    case 'int':
      return `c = b[p++];\nif (c >= 128) { intTail(p, c, \`${path}\`); p = P; }`;
    case 'enum':
      return `${smallInt('c', path)}
if (c < 0 || c >= ${String(node.symbols.length)}) ${fail('INVALID_ENUM', path, NO_SYMBOL)}`;
    case 'long':
      return `parts(p + 1, b[p], \`${path}\`); p = P;`;
    case 'float':
      return 'p += 4;';
    case 'double':
      return 'p += 8;';
    case 'fixed':
      return `p += ${String(node.size)};`;
    case 'string':
      return `${length(path)}\nutf8(p, c, \`${path}\`); p += c;`;
    case 'bytes':
      return `${length(path)}\np += c;`;
    case 'array':
      return skipBlocks(node.items, '', { emitter, path });
    case 'map':
      return skipBlocks(
        node.values,
        `${length(path)}
utf8(p, c, \`${path}\`);
if (c === 9 && X.latin1Slice(p, p + 9) === '__proto__') ${fail('FORBIDDEN_KEY', path, FORBIDDEN_KEY)}
p += c;`,
        { emitter, path },
      );
    case 'union': {
      const cases = node.branches.map(
        (branch, index) => `case ${String(index)}: {\n${emitSkip(branch.node, emitter, path)}\nbreak;\n}`,
      );
      return `${smallInt('c', path)}
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

const NO_SYMBOL = 'the enum has no symbol number ${c}';

function skipRecord(node: Extract<Node, { kind: 'record' }>, emitter: Emitter, path: string): string {
  const inline = (): string => node.fields.map((field) => emitSkip(field.node, emitter, path)).join('\n');
  if (!emitter.isApart(node)) return inline();
  const name = emitter.skipFunctionFor(
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
${emitSkip(item, emitter, `${path}${key === '' ? '[]' : '{}'}`)}
}`;
  return `${blocks(least, count, path)}
  ${hollow ? '' : items}
${endOfBlock(count, path)}`;
}
