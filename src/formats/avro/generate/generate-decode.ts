import { FormatError } from '../../format.js';
import { NESTING_DEPTH_MAX, TEXT_WINDOW_BYTES, ZERO_BYTE_ITEMS_MAX } from '../../limits.js';
import { type RawBuffer, utf8Text } from '../../memory.js';
import { decimalText, uuidText } from '../schema/logical.js';
import {
  type ArrayNode,
  bytesMin,
  type FieldDefault,
  type MapNode,
  type Node,
  type PrimitiveNode,
  type ResolvedRecordNode,
  type UnionNode,
} from '../schema/plan.js';
import type { SourceTexts } from '../source-texts.js';
import { DECODE_PRELUDE } from './decode-prelude.js';
import { Emitter, inTemplate, literal } from './emitter.js';
import { emitSkip } from './generate-skip.js';
import { length, shortName, smallInt, varint } from './snippets.js';

export interface GeneratedDecoder {
  /** Turns to another block. */
  readonly attach: (bytes: Uint8Array, buffer: RawBuffer, view: DataView) => void;
  readonly read: (start: number, end: number) => unknown;
}

/**
 * A default as the decoder delivers it: the value itself when it can't be changed, else a function that makes
 * a new one.
 */
export type MakeDefault = (
  node: Node,
  fallback: FieldDefault,
) => { readonly value: unknown } | { readonly make: () => unknown };

export interface DecodeOptions {
  readonly long: 'number' | 'bigint';
  readonly makeDefault: MakeDefault;
}

/** Writes the decoder of one plan as straight-line JavaScript and compiles it. */
export function generateDecoder(root: Node, options: DecodeOptions, texts?: SourceTexts): GeneratedDecoder {
  const source = new DecodeSource(root, options);
  const scope = {
    FormatError,
    utf8Text,
    decimalText,
    uuidText,
    TEXT_WINDOW_BYTES,
    ZERO_BYTE_ITEMS_MAX,
    NESTING_DEPTH_MAX,
    K: source.emitter.constants,
    S: texts,
  };
  // Safe: names come from a parsed schema, whose identifiers avsc has checked; nothing of a record is in the
  // source.
  const make = new Function(...Object.keys(scope), source.text()) as (
    ...values: unknown[]
  ) => GeneratedDecoder;
  return make(...Object.values(scope));
}

export class DecodeSource {
  readonly emitter: Emitter;
  private readonly options: DecodeOptions;
  private readonly root: Node;

  constructor(root: Node, options: DecodeOptions) {
    this.root = root;
    this.options = options;
    this.emitter = new Emitter(root);
  }

  text(): string {
    const name =
      this.root.kind === 'record' || this.root.kind === 'resolved' ? shortName(this.root.name) : 'value';
    const body = this.read(this.root, 'value', inTemplate(name));
    return `'use strict';
${DECODE_PRELUDE}
${this.emitter.functions.join('\n')}
return {
  attach(bytes, buffer, view) { B = bytes; X = buffer; W = view; Q = 0; if (S !== undefined) { S.count = 0; S.view = view; } },
  read(start, end) {
    const b = B, e = end;
    let p = start, c = 0, value;
    E = end; D = 0; Z = 0;
    if (S === undefined) Q = 0; else S.count = 0;
    ${body}
    if (p > e) fail('TRUNCATED', ${literal(`${name}: `)}, p);
    if (p < e) fail('TRAILING_BYTES', ${literal(`${name}: `)} + (e - p) + ' bytes follow the record\\'s data; is it the right schema?', p);
    return value;
  },
};`;
  }

  /**
   * Statements that set `target` from position `p`, which they move. `path` names the place, for errors: the
   * inside of a template literal without placeholders, since passing it must cost nothing.
   */
  read(node: Node, target: string, path: string): string {
    switch (node.kind) {
      case 'fixed':
        return `if (e - p < ${String(node.size)}) fail('TRUNCATED', \`${path}: \`, e + 1);
${this.bytes(node.logical, target, String(node.size))}`;
      case 'enum':
        return `${smallInt('c', path)}
${target} = ${this.emitter.constant(node.symbols)}[c];
if (c < 0 || c >= ${String(node.symbols.length)}) fail('INVALID_ENUM', \`${path}: the enum has no symbol number \${c}\`, p);`;
      case 'array':
        return this.array(node, target, path);
      case 'map':
        return this.map(node, target, path);
      case 'union':
        return this.union(node, target, path);
      case 'record':
      case 'resolved':
        return this.record(node, target, path);
      case 'wrap': {
        const inner = this.emitter.fresh('v');
        return (
          `let ${inner};\n${this.read(node.node, inner, path)}\n${target} = { ` +
          `${literal(node.name)}: ${inner} };`
        );
      }
      case 'promote':
        return this.promote(node.from, node.to, { target, path });
      default:
        return this.primitive(node, target, path);
    }
  }

  private primitive(node: PrimitiveNode, target: string, path: string): string {
    switch (node.kind) {
      case 'null':
        return `${target} = null;`;
      case 'boolean':
        return (
          `c = b[p++];\nif (c > 1) fail('INVALID_BOOLEAN', \`${path}: a boolean is a byte 0 or 1, ` +
          `not \${c}\`, p);\n${target} = c === 1;`
        );
      case 'int':
        return varint(target, 'intTail', path);
      case 'long':
        return this.options.long === 'bigint'
          ? `${target} = longBig(p, \`${path}\`); p = P;`
          : varint(target, 'longTail', path);
      case 'float':
        return (
          `if (e - p < 4) fail('TRUNCATED', \`${path}: \`, e + ` +
          `1);\n${target} = W.getFloat32(p, true); p += 4;`
        );
      case 'double':
        return (
          `if (e - p < 8) fail('TRUNCATED', \`${path}: \`, e + ` +
          `1);\n${target} = W.getFloat64(p, true); p += 8;`
        );
      case 'string':
        return `${length(path)}\n${target} = text(p, c, \`${path}\`); p += c;`;
      case 'bytes':
        return `${length(path)}\n${this.bytes(node.logical, target, 'c')}`;
    }
  }

  private bytes(logical: PrimitiveNode['logical'], target: string, size: string): string {
    if (logical?.kind === 'decimal')
      return `${target} = decimalText(b, p, p + ${size}, ${String(logical.scale)}); p += ${size};`;
    if (logical?.kind === 'uuid') return `${target} = uuidText(X, p); p += ${size};`;
    return `${target} = copy(p, ${size}); p += ${size};`;
  }

  private promote(
    from: PrimitiveNode['kind'],
    to: PrimitiveNode,
    at: { target: string; path: string },
  ): string {
    const { target, path } = at;
    if (from === 'string' || from === 'bytes') return this.primitive(to, target, path);
    if (from === 'float') return this.primitive({ kind: 'float', logical: undefined }, target, path);
    const source =
      from === 'int' ? varint(target, 'intTail', path) : `${target} = longAny(p, \`${path}\`); p = P;`;
    if (to.kind === 'float') return `${source}\n${target} = Math.fround(${target});`;
    if (to.kind === 'long' && this.options.long === 'bigint')
      return `${source}\n${target} = BigInt(${target});`;
    return source;
  }

  private array(node: ArrayNode, target: string, path: string): string {
    const [list, count, i, item] = [
      this.emitter.fresh('a'),
      this.emitter.fresh('n'),
      this.emitter.fresh('i'),
      this.emitter.fresh('v'),
    ];
    return `const ${list} = [];
${this.blocks(bytesMin(node.items), count, path)}
  for (let ${i} = 0; ${i} < ${count}; ${i}++) {
    let ${item};
    ${this.read(node.items, item, `${path}[]`)}
    ${list}.push(${item});
  }
${endOfBlock(count, path)}
${target} = ${list};`;
  }

  private map(node: MapNode, target: string, path: string): string {
    const [map, count, i, item, key] = ['m', 'n', 'i', 'v', 'k'].map((prefix) =>
      this.emitter.fresh(prefix),
    ) as [string, string, string, string, string];
    return `const ${map} = {};
${this.blocks(1 + bytesMin(node.values), count, path)}
  for (let ${i} = 0; ${i} < ${count}; ${i}++) {
    ${length(path)}
    const ${key} = text(p, c, \`${path}\`); p += c;
    if (${key} === '__proto__') fail('FORBIDDEN_KEY', \`${path}: holds the key "__proto__", which would change the prototype of objects it is copied to\`, p);
    let ${item};
    ${this.read(node.values, item, `${path}{}`)}
    ${map}[${key}] = ${item};
  }
${endOfBlock(count, path)}
${target} = ${map};`;
  }

  /**
   * The head of the loop over blocks: counts are held against the bytes that are left before anything is made
   * of them.
   */
  private blocks(itemBytesMin: number, count: string, path: string): string {
    const size = `z${count}`;
    const bound =
      itemBytesMin === 0
        ? `zeros(${count}, \`${path}\`, p);`
        : `if (${count} > ${itemBytesMin === 1 ? 'e - p' : `(e - p) / ${String(itemBytesMin)}`}) ` +
          `fail('INVALID_COUNT', \`${path}: claims \${${count}} items, more than its bytes could hold\`, p);`;
    return `for (;;) {
  let ${count}, ${size} = -1;
  ${varint(count, 'sizeTail', path)}
  if (${count} === 0) break;
  if (${count} < 0) {
    ${count} = -${count};
    ${length(path)}
    ${size} = p + c;
  }
  ${bound}`;
  }

  private union(node: UnionNode, target: string, path: string): string {
    const cases = node.branches.map((branch, index) => {
      const inner =
        node.wrapped && branch.node.kind !== 'null'
          ? this.read({ kind: 'wrap', name: branch.name, node: branch.node }, target, path)
          : this.read(branch.node, target, path);
      return `case ${String(index)}: {\n${inner}\nbreak;\n}`;
    });
    return `${smallInt('c', path)}
switch (c) {
${cases.join('\n')}
default: fail('INVALID_UNION', \`${path}: the union has no branch number \${c}\`, p);
}`;
  }

  private record(node: Extract<Node, { kind: 'record' | 'resolved' }>, target: string, path: string): string {
    if (!this.emitter.isApart(node) || (node === this.root && !this.emitter.isRecursive(node)))
      return this.fields(node, target, path);
    const name = this.emitter.functionFor(node, (own) => this.recordFunction(node, own));
    return `${target} = ${name}(p); p = P;`;
  }

  private recordFunction(node: Extract<Node, { kind: 'record' | 'resolved' }>, name: string): string {
    const path = inTemplate(shortName(node.name));
    return `function ${name}(p) {
  const b = B, e = E;
  let c = 0, value;
  enter(\`${path}\`, p);
  ${this.fields(node, 'value', path)}
  D--;
  P = p;
  return value;
}`;
  }

  private fields(node: Extract<Node, { kind: 'record' | 'resolved' }>, target: string, path: string): string {
    const steps: readonly Step[] =
      node.kind === 'resolved'
        ? node.steps
        : node.fields.map((field, index) => ({ node: field.node, field: index }));
    const values = node.fields.map((field) => (node.kind === 'record' ? 'undefined' : this.fallback(field)));
    const groups = this.emitter.grouped(steps);
    const object = (): string =>
      `${target} = { ` +
      `${node.fields.map((field, index) => `${literal(field.name)}: ${values[index] ?? 'undefined'}`).join(', ')} };`;
    if (groups.length > 1)
      return `${object()}\n${groups.map((group) => this.groupCall(group, node, { target, path })).join('\n')}`;
    const lines = steps.map((step) => {
      const value = this.emitter.fresh('v');
      const read = this.step(step, node, { target: value, path });
      if (step.field >= 0) values[step.field] = value;
      return `let ${value};\n${read}`;
    });
    return `${lines.join('\n')}\n${object()}`;
  }

  private step(
    step: Step,
    node: Extract<Node, { kind: 'record' | 'resolved' }>,
    at: { target: string; path: string },
  ): string {
    const field = node.fields[step.field];
    return field === undefined
      ? emitSkip(step.node, this.emitter, at.path)
      : this.read(step.node, at.target, `${at.path}.${field.name}`);
  }

  /**
   * Calls a function of its own that fills some fields of an object which has all of them already, in their
   * order.
   */
  private groupCall(
    group: readonly Step[],
    node: Extract<Node, { kind: 'record' | 'resolved' }>,
    at: { target: string; path: string },
  ): string {
    const name = this.emitter.fresh('g');
    const lines = group.map((step) => {
      const field = node.fields[step.field];
      const read = this.step(step, node, { target: 'value', path: at.path });
      return field === undefined ? read : `${read}\nobject.${field.name} = value;`;
    });
    this.emitter.functions.push(`function ${name}(object, p) {
  const b = B, e = E;
  let c = 0, value;
  ${lines.map((line) => `{\n${line}\n}`).join('\n')}
  P = p;
}`);
    return `${name}(${at.target}, p); p = P;`;
  }

  /** What a field holds that the writer does not have. */
  private fallback(field: ResolvedRecordNode['fields'][number]): string {
    if (field.fallback === undefined) return 'undefined';
    const made = this.options.makeDefault(field.node, field.fallback);
    return 'make' in made ? `${this.emitter.constant(made.make)}()` : this.emitter.constant(made.value);
  }
}

/** What to read next, and into which field of the record; −1 for none. */
interface Step {
  readonly node: Node;
  readonly field: number;
}

function endOfBlock(count: string, path: string): string {
  return `  if (z${count} >= 0 && z${count} !== p) fail('INVALID_COUNT', \`${path}: a block's size does not fit its items\`, p);
}`;
}
