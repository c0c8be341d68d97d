/** Lines of a generated encoder for arrays, maps and unions. */

import type { ArrayNode, MapNode, Node, UnionNode } from '../schema/plan.js';
import { type Emitter, inTemplate, literal } from './emitter.js';
import type { EncodeLines } from './encode-lines.js';
import type { EncodePlace } from './encode-scalars.js';
import { acceptsOf, expectedOf } from './encode-union.js';
import { shortName } from './snippets.js';

/** Writes the lines for a part. */
export interface PartWriter {
  readonly emitter: Emitter;
  readonly out: EncodeLines;
  write(node: Node, value: string, path: string): void;
}

export function writeArray(node: ArrayNode, writer: PartWriter, { value, path }: EncodePlace): void {
  const { emitter, out } = writer;
  const [i, n, item] = [emitter.fresh('i'), emitter.fresh('n'), emitter.fresh('v')];
  out.put(
    5,
    `if (!Array.isArray(${value})) bad(${value}, 'array', \`${path}\`);`,
    `const ${n} = ${value}.length;`,
    `if (${n} > 0) p = ${n} < 64 ? (b[p] = ${n} << 1, p + 1) : long(p, ${n});`,
  );
  out.lines.push(`for (let ${i} = 0; ${i} < ${n}; ${i}++) {`, `let ${item} = ${value}[${i}];`);
  out.nextGuard();
  writer.write(node.items, item, `${path}[\${${i}}]`);
  out.lines.push('}');
  out.nextGuard();
  out.put(1, 'b[p++] = 0;');
}

export function writeMap(node: MapNode, writer: PartWriter, { value, path }: EncodePlace): void {
  const { emitter, out } = writer;
  const [keys, i, key, item] = [
    emitter.fresh('n'),
    emitter.fresh('i'),
    emitter.fresh('k'),
    emitter.fresh('v'),
  ];
  out.put(
    5,
    `if (!isObject(${value})) bad(${value}, 'map (a plain object)', \`${path}\`);`,
    `const ${keys} = Object.keys(${value});`,
    `if (${keys}.length > 0) p = long(p, ${keys}.length);`,
  );
  out.lines.push(
    `for (let ${i} = 0; ${i} < ${keys}.length; ${i}++) {`,
    `const ${key} = ${keys}[${i}];`,
    `if (${key} === '__proto__') throw new FormatError('FORBIDDEN_KEY', \`${path}: holds the key ` +
      `"__proto__", which no reader in JavaScript would take\`);`,
    `let ${item} = ${value}[${key}];`,
  );
  out.nextGuard(`${key}.length * 3`);
  out.put(5, `z = text(p, ${key});`, `if (z < 0) ill(\`${path}\`);`, 'p = z;');
  writer.write(node.values, item, `${path}.\${${key}}`);
  out.lines.push('}');
  out.nextGuard();
  out.put(1, 'b[p++] = 0;');
}

export function writeUnion(node: UnionNode, writer: PartWriter, at: EncodePlace): void {
  if (node.wrapped) writeWrapped(node, writer, at);
  else writeBare(node, writer, at);
}

function writeBare(node: UnionNode, writer: PartWriter, { value, path }: EncodePlace): void {
  const { out } = writer;
  out.closeGuard();
  for (const { index, condition } of acceptsOf(node, value)) {
    const branch = node.branches[index];
    if (branch === undefined) continue;
    out.lines.push(`if (${condition}) {`);
    out.openGuard('');
    putBranch(out, index);
    if (branch.node.kind !== 'null') writer.write(branch.node, value, path);
    out.closeGuard();
    out.lines.push('} else');
  }
  out.lines.push(`bad(${value}, ${literal(expectedOf(node))}, \`${path}\`);`);
  out.openGuard('');
}

function writeWrapped(node: UnionNode, writer: PartWriter, { value, path }: EncodePlace): void {
  const { emitter, out } = writer;
  const [keys, key, inner] = [emitter.fresh('n'), emitter.fresh('k'), emitter.fresh('v')];
  const bad = `bad(${value}, ${literal(expectedOf(node))}, \`${path}\`);`;
  out.closeGuard();
  out.lines.push(
    `const ${keys} = isObject(${value}) ? Object.keys(${value}) : undefined;`,
    `const ${key} = ${value} === null ? 'null' : ${keys} !== ` +
      `undefined && ${keys}.length === 1 ? ${keys}[0] : '';`,
    `switch (${key}) {`,
  );
  node.branches.forEach((branch, index) => {
    out.lines.push(`case ${literal(branch.name)}: {`);
    if (branch.node.kind === 'null') out.lines.push(`if (${value} !== null) ${bad}`);
    out.openGuard('');
    putBranch(out, index);
    if (branch.node.kind !== 'null') {
      out.lines.push(`if (${value} === null) ${bad}`, `let ${inner} = ${value}[${key}];`);
      writer.write(branch.node, inner, `${path}.${inTemplate(shortName(branch.name))}`);
    }
    out.closeGuard();
    out.lines.push('break;\n}');
  });
  out.lines.push(`default: ${bad}`, '}');
  out.openGuard('');
}

/** The number of the branch. */
function putBranch(out: EncodeLines, index: number): void {
  if (index < 64) out.put(1, `b[p++] = ${String(index * 2)};`);
  else out.put(5, `p = varint(p, ${String(index * 2)});`);
}
