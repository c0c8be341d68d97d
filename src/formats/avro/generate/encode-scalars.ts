/** Lines of a generated encoder for values without parts: primitives, bytes, fixed. */

import type { DecimalShape } from '../schema/logical.js';
import type { FixedNode, Logical, PrimitiveNode } from '../schema/plan.js';
import { type Emitter, literal } from './emitter.js';
import type { EncodeLines } from './encode-lines.js';
import { expectedOf } from './encode-union.js';

/** The variable that holds the value, and the inside of a template literal that names it in an error. */
export interface EncodePlace {
  readonly value: string;
  readonly path: string;
}

export function writePrimitive(
  out: EncodeLines,
  emitter: Emitter,
  node: PrimitiveNode,
  at: EncodePlace,
): void {
  const { value, path } = at;
  const bad = `bad(${value}, ${literal(expectedOf(node))}, \`${path}\`)`;
  const small =
    `z = ((${value} << 1) ^ (${value} >> 31)) >>> 0;\nif (z < ` + `128) b[p++] = z; else p = varint(p, z);`;
  if (node.logical?.kind === 'instant')
    out.lines.push(
      `if (typeof ${value} === 'object') ${value} = fromDate(${value}, '${node.logical.unit}');`,
    );
  switch (node.kind) {
    case 'null':
      out.put(0, `if (${value} !== null) ${bad};`);
      return;
    case 'boolean':
      out.put(1, `if (typeof ${value} !== 'boolean') ${bad};`, `b[p++] = ${value} ? 1 : 0;`);
      return;
    case 'int':
      out.put(5, `if (typeof ${value} !== 'number' || ${value} !== (${value} | 0)) ${bad};`, small);
      return;
    case 'long':
      out.put(
        10,
        `if (typeof ${value} === 'number' && ${value} === (${value} | 0)) {\n${small}\n} else {`,
        `z = long(p, ${value});`,
        `if (z < 0) ${bad};`,
        'p = z;\n}',
      );
      return;
    case 'float':
      out.put(4, `if (typeof ${value} !== 'number') ${bad};`, `W.setFloat32(p, ${value}, true); p += 4;`);
      return;
    case 'double':
      out.put(8, `if (typeof ${value} !== 'number') ${bad};`, `W.setFloat64(p, ${value}, true); p += 8;`);
      return;
    case 'string':
      out.lines.push(`if (typeof ${value} !== 'string') ${bad};`);
      out.nextGuard(`${value}.length * 3`);
      out.put(5, `z = text(p, ${value});`, `if (z < 0) ill(\`${path}\`);`, 'p = z;');
      return;
    case 'bytes':
      writeBytes(out, emitter, node, { value, bad });
  }
}

function writeBytes(
  out: EncodeLines,
  emitter: Emitter,
  node: PrimitiveNode,
  { value, bad }: { readonly value: string; readonly bad: string },
): void {
  let source = value;
  if (node.logical?.kind === 'decimal') {
    source = emitter.fresh('d');
    const shape = decimalShape(emitter, node.logical, 0);
    out.lines.push(
      `const ${source} = decimalBytes(${value}, ${shape});`,
      `if (${source} === undefined) ${bad};`,
    );
  } else out.lines.push(`if (!(${value} instanceof Uint8Array)) ${bad};`);
  out.nextGuard(`${source}.length`);
  out.put(5, `p = long(p, ${source}.length);`, `p = raw(p, ${source});`);
}

export function writeFixed(
  out: EncodeLines,
  emitter: Emitter,
  node: FixedNode,
  { value, path }: EncodePlace,
): void {
  const bad = `bad(${value}, ${literal(expectedOf(node))}, \`${path}\`)`;
  let source = value;
  if (node.logical === undefined) {
    out.lines.push(
      `if (!(${value} instanceof Uint8Array) || ${value}.length !== ${String(node.size)}) ${bad};`,
    );
  } else {
    source = emitter.fresh('d');
    const make =
      node.logical.kind === 'decimal'
        ? `decimalBytes(${value}, ${decimalShape(emitter, node.logical, node.size)})`
        : `uuidBytes(${value})`;
    out.lines.push(`const ${source} = ${make};`, `if (${source} === undefined) ${bad};`);
  }
  out.put(node.size, `p = raw(p, ${source});`);
}

/** A constant of the source: the shape of the decimal, and the number of bytes it must have, or 0. */
function decimalShape(
  emitter: Emitter,
  { precision, scale }: Extract<Logical, { kind: 'decimal' }>,
  size: number,
): string {
  return emitter.constant({ precision, scale, size } satisfies DecimalShape);
}
