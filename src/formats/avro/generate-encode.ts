import { nearestName } from '../../core/nearest-name.js';
import { FormatError } from '../format.js';
import { NESTING_DEPTH_MAX, SHOWN_CHARS_MAX } from '../limits.js';
import type { RawBuffer } from '../memory.js';
import { Emitter, inTemplate, literal } from './emitter.js';
import { ENCODE_PRELUDE } from './encode-prelude.js';
import { acceptsOf, expectedOf } from './encode-union.js';
import { decimalBytes, fromDate, uuidBytes } from './logical.js';
import type {
  ArrayNode,
  Field,
  FixedNode,
  MapNode,
  Node,
  PrimitiveNode,
  RecordNode,
  UnionNode,
} from './plan.js';
import { shortName } from './snippets.js';
import type { SourceTexts } from './source-texts.js';

export interface GeneratedEncoder {
  readonly attach: (bytes: Uint8Array, buffer: RawBuffer, view: DataView) => void;
  /** Throws {@link OVERFLOW} when the value might not fit. */
  readonly write: (value: unknown, start: number, limit: number) => number;
}

/** Thrown, and caught by the encoder: not an error, so it costs no stack trace. */
export const OVERFLOW: unique symbol = Symbol('overflow');

/** Writes the encoder of one plan as straight-line JavaScript and compiles it. */
export interface EncodeOptions {
  readonly unknownFields: 'reject' | 'ignore';
  readonly texts?: SourceTexts;
}

export function generateEncoder(root: Node, options: EncodeOptions): GeneratedEncoder {
  const source = new EncodeSource(root, options.unknownFields === 'reject');
  const scope = {
    FormatError,
    OVERFLOW,
    NESTING_DEPTH_MAX,
    SHOWN_CHARS_MAX,
    decimalBytes,
    uuidBytes,
    fromDate,
    nearestName,
    K: source.emitter.constants,
    S: options.texts,
  };
  // Safe: names come from a parsed schema, whose identifiers avsc has checked; no value is in the source.
  const make = new Function(...Object.keys(scope), source.text()) as (
    ...values: unknown[]
  ) => GeneratedEncoder;
  return make(...Object.values(scope));
}

/** A check for room whose size is known only when the code up to the next check has been written. */
interface Guard {
  readonly line: number;
  readonly dynamic: string;
  bytes: number;
}

/** The names of Object.prototype: a missing field of such a name would be found there. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

export class EncodeSource {
  readonly emitter: Emitter;
  private readonly root: Node;
  /** A field that the schema does not have is refused. */
  private readonly strict: boolean;
  private lines: string[] = [];
  private guard: Guard = { line: 0, dynamic: '', bytes: 0 };

  constructor(root: Node, strict: boolean) {
    this.root = root;
    this.strict = strict;
    this.emitter = new Emitter(root);
  }

  text(): string {
    const path = inTemplate(this.root.kind === 'record' ? shortName(this.root.name) : 'value');
    const body = this.frame(() => {
      this.write(this.root, 'value', path);
    });
    return `'use strict';
${ENCODE_PRELUDE}
${this.emitter.functions.join('\n')}
return {
  attach(bytes, buffer, view) { B = bytes; X = buffer; W = view; },
  write(value, start, limit) {
    const b = B, l = limit;
    let p = start, z = 0;
    L = limit; D = 0; C = 0; U = 0;
    ${body}
    return p;
  },
};`;
  }

  /** The lines that `write` adds, with all their checks closed. */
  private frame(write: () => void): string {
    const outer = { lines: this.lines, guard: this.guard };
    this.lines = [];
    this.openGuard('');
    write();
    this.closeGuard();
    const body = this.lines.join('\n');
    this.lines = outer.lines;
    this.guard = outer.guard;
    return body;
  }

  private openGuard(dynamic: string): void {
    this.guard = { line: this.lines.push('') - 1, dynamic, bytes: 0 };
  }

  private closeGuard(): void {
    const { line, dynamic, bytes } = this.guard;
    if (dynamic === '' && bytes === 0) return;
    this.lines[line] =
      `if (l - p < ${dynamic === '' ? '' : `${dynamic} + `}${String(bytes)}) throw OVERFLOW;`;
  }

  private nextGuard(dynamic = ''): void {
    this.closeGuard();
    this.openGuard(dynamic);
  }

  /** Adds lines that take at most so many bytes. */
  private put(bytesMax: number, ...lines: string[]): void {
    this.guard.bytes += bytesMax;
    this.lines.push(...lines);
  }

  /**
   * `value` is a variable that may be assigned to; `path` is the inside of a template literal, evaluated only
   * for an error.
   */
  private write(node: Node, value: string, path: string): void {
    switch (node.kind) {
      case 'fixed':
        this.fixed(node, value, path);
        return;
      case 'enum': {
        const symbols = this.emitter.constant(
          new Map(node.symbols.map((symbol, index) => [symbol, index * 2])),
        );
        const expected = literal(`one of the symbols of ${shortName(node.name)}`);
        this.put(
          5,
          `z = ${symbols}.get(${value});`,
          `if (z === undefined) bad(${value}, ${expected}, \`${path}\`);`,
          'if (z < 128) b[p++] = z; else p = varint(p, z);',
        );
        return;
      }
      case 'array':
        this.array(node, value, path);
        return;
      case 'map':
        this.map(node, value, path);
        return;
      case 'union':
        if (node.wrapped) this.wrappedUnion(node, value, path);
        else this.union(node, value, path);
        return;
      case 'record':
        this.record(node, value, path);
        return;
      case 'promote':
      case 'wrap':
      case 'resolved':
        throw new Error(`a ${node.kind} is never written`);
      default:
        this.primitive(node, value, path);
    }
  }

  private primitive(node: PrimitiveNode, value: string, path: string): void {
    const bad = `bad(${value}, ${literal(expectedOf(node))}, \`${path}\`)`;
    const small =
      `z = ((${value} << 1) ^ (${value} >> 31)) >>> 0;\nif (z < ` + `128) b[p++] = z; else p = varint(p, z);`;
    if (node.logical?.kind === 'instant')
      this.lines.push(
        `if (typeof ${value} === 'object') ${value} = fromDate(${value}, '${node.logical.unit}');`,
      );
    switch (node.kind) {
      case 'null':
        this.put(0, `if (${value} !== null) ${bad};`);
        return;
      case 'boolean':
        this.put(1, `if (typeof ${value} !== 'boolean') ${bad};`, `b[p++] = ${value} ? 1 : 0;`);
        return;
      case 'int':
        this.put(5, `if (typeof ${value} !== 'number' || ${value} !== (${value} | 0)) ${bad};`, small);
        return;
      case 'long':
        this.put(
          10,
          `if (typeof ${value} === 'number' && ${value} === (${value} | 0)) {\n${small}\n} else {`,
          `z = long(p, ${value});`,
          `if (z < 0) ${bad};`,
          'p = z;\n}',
        );
        return;
      case 'float':
        this.put(4, `if (typeof ${value} !== 'number') ${bad};`, `W.setFloat32(p, ${value}, true); p += 4;`);
        return;
      case 'double':
        this.put(8, `if (typeof ${value} !== 'number') ${bad};`, `W.setFloat64(p, ${value}, true); p += 8;`);
        return;
      case 'string':
        this.lines.push(`if (typeof ${value} !== 'string') ${bad};`);
        this.nextGuard(`${value}.length * 3`);
        this.put(5, `z = text(p, ${value});`, `if (z < 0) ill(\`${path}\`);`, 'p = z;');
        return;
      case 'bytes':
        this.bytes(node, value, bad);
    }
  }

  private bytes(node: PrimitiveNode, value: string, bad: string): void {
    let source = value;
    if (node.logical?.kind === 'decimal') {
      source = this.emitter.fresh('d');
      const shape = this.emitter.constant({
        precision: node.logical.precision,
        scale: node.logical.scale,
        size: 0,
      });
      this.lines.push(
        `const ${source} = decimalBytes(${value}, ${shape});`,
        `if (${source} === undefined) ${bad};`,
      );
    } else this.lines.push(`if (!(${value} instanceof Uint8Array)) ${bad};`);
    this.nextGuard(`${source}.length`);
    this.put(5, `p = long(p, ${source}.length);`, `p = raw(p, ${source});`);
  }

  private fixed(node: FixedNode, value: string, path: string): void {
    const bad = `bad(${value}, ${literal(expectedOf(node))}, \`${path}\`)`;
    let source = value;
    if (node.logical === undefined) {
      this.lines.push(
        `if (!(${value} instanceof Uint8Array) || ${value}.length !== ${String(node.size)}) ${bad};`,
      );
    } else {
      source = this.emitter.fresh('d');
      const make =
        node.logical.kind === 'decimal'
          ? `decimalBytes(${value}, ` +
            `${this.emitter.constant({ precision: node.logical.precision, scale: node.logical.scale, size: node.size })})`
          : `uuidBytes(${value})`;
      this.lines.push(`const ${source} = ${make};`, `if (${source} === undefined) ${bad};`);
    }
    this.put(node.size, `p = raw(p, ${source});`);
  }

  private array(node: ArrayNode, value: string, path: string): void {
    const [i, n, item] = [this.emitter.fresh('i'), this.emitter.fresh('n'), this.emitter.fresh('v')];
    this.put(
      5,
      `if (!Array.isArray(${value})) bad(${value}, 'array', \`${path}\`);`,
      `const ${n} = ${value}.length;`,
      `if (${n} > 0) p = ${n} < 64 ? (b[p] = ${n} << 1, p + 1) : long(p, ${n});`,
    );
    this.lines.push(`for (let ${i} = 0; ${i} < ${n}; ${i}++) {`, `let ${item} = ${value}[${i}];`);
    this.nextGuard();
    this.write(node.items, item, `${path}[\${${i}}]`);
    this.lines.push('}');
    this.nextGuard();
    this.put(1, 'b[p++] = 0;');
  }

  private map(node: MapNode, value: string, path: string): void {
    const [keys, i, key, item] = [
      this.emitter.fresh('n'),
      this.emitter.fresh('i'),
      this.emitter.fresh('k'),
      this.emitter.fresh('v'),
    ];
    this.put(
      5,
      `if (!isObject(${value})) bad(${value}, 'map (a plain object)', \`${path}\`);`,
      `const ${keys} = Object.keys(${value});`,
      `if (${keys}.length > 0) p = long(p, ${keys}.length);`,
    );
    this.lines.push(
      `for (let ${i} = 0; ${i} < ${keys}.length; ${i}++) {`,
      `const ${key} = ${keys}[${i}];`,
      `if (${key} === '__proto__') throw new FormatError('FORBIDDEN_KEY', \`${path}: holds the key ` +
        `"__proto__", which no reader in JavaScript would take\`);`,
      `let ${item} = ${value}[${key}];`,
    );
    this.nextGuard(`${key}.length * 3`);
    this.put(5, `z = text(p, ${key});`, `if (z < 0) ill(\`${path}\`);`, 'p = z;');
    this.write(node.values, item, `${path}.\${${key}}`);
    this.lines.push('}');
    this.nextGuard();
    this.put(1, 'b[p++] = 0;');
  }

  private branch(index: number): void {
    if (index < 64) this.put(1, `b[p++] = ${String(index * 2)};`);
    else this.put(5, `p = varint(p, ${String(index * 2)});`);
  }

  private union(node: UnionNode, value: string, path: string): void {
    this.closeGuard();
    for (const { index, condition } of acceptsOf(node, value)) {
      const branch = node.branches[index];
      if (branch === undefined) continue;
      this.lines.push(`if (${condition}) {`);
      this.openGuard('');
      this.branch(index);
      if (branch.node.kind !== 'null') this.write(branch.node, value, path);
      this.closeGuard();
      this.lines.push('} else');
    }
    this.lines.push(`bad(${value}, ${literal(expectedOf(node))}, \`${path}\`);`);
    this.openGuard('');
  }

  private wrappedUnion(node: UnionNode, value: string, path: string): void {
    const [keys, key, inner] = [this.emitter.fresh('n'), this.emitter.fresh('k'), this.emitter.fresh('v')];
    const bad = `bad(${value}, ${literal(expectedOf(node))}, \`${path}\`);`;
    this.closeGuard();
    this.lines.push(
      `const ${keys} = isObject(${value}) ? Object.keys(${value}) : undefined;`,
      `const ${key} = ${value} === null ? 'null' : ${keys} !== ` +
        `undefined && ${keys}.length === 1 ? ${keys}[0] : '';`,
      `switch (${key}) {`,
    );
    node.branches.forEach((branch, index) => {
      this.lines.push(`case ${literal(branch.name)}: {`);
      if (branch.node.kind === 'null') this.lines.push(`if (${value} !== null) ${bad}`);
      this.openGuard('');
      this.branch(index);
      if (branch.node.kind !== 'null') {
        this.lines.push(`if (${value} === null) ${bad}`, `let ${inner} = ${value}[${key}];`);
        this.write(branch.node, inner, `${path}.${inTemplate(shortName(branch.name))}`);
      }
      this.closeGuard();
      this.lines.push('break;\n}');
    });
    this.lines.push(`default: ${bad}`, '}');
    this.openGuard('');
  }

  private record(node: RecordNode, value: string, path: string): void {
    if (!this.emitter.isApart(node) || (node === this.root && !this.emitter.isRecursive(node))) {
      this.fields(node, value, path);
      return;
    }
    const name = this.emitter.functionFor(node, (own) => this.recordFunction(node, own));
    this.closeGuard();
    this.lines.push(`p = ${name}(p, ${value});`);
    this.openGuard('');
  }

  private recordFunction(node: RecordNode, name: string): string {
    const path = inTemplate(shortName(node.name));
    const body = this.frame(() => {
      this.fields(node, 'value', path);
    });
    return `function ${name}(p, value) {
const b = B, l = L;
let z = 0;
enter(\`${path}\`);
${body}
D--;
return p;
}`;
  }

  private fields(node: RecordNode, value: string, path: string): void {
    this.lines.push(
      `if (typeof ${value} !== 'object' || ${value} === null || Array.isArray(${value})) bad(${value}, ` +
        `${literal(expectedOf(node))}, \`${path}\`);`,
    );
    const close = this.strict ? this.openFields(node, value, path) : (): void => undefined;
    const groups = this.emitter.grouped(node.fields);
    if (groups.length <= 1) {
      for (const field of node.fields) this.field(field, value, path);
      close();
      return;
    }
    this.closeGuard();
    for (const group of groups) this.lines.push(`p = ${this.groupFunction(group, path)}(p, ${value});`);
    close();
    this.openGuard('');
  }

  /**
   * Counts the fields that are there against those that were missing (`U`): only where the sum is off, names
   * are compared.
   */
  private openFields(node: RecordNode, value: string, path: string): () => void {
    const [missing, count, key] = [this.emitter.fresh('u'), this.emitter.fresh('n'), this.emitter.fresh('k')];
    const names = this.emitter.constant(new Set(node.fields.map(({ name }) => name)));
    this.lines.push(`const ${missing} = U;`, 'U = 0;');
    return () => {
      this.lines.push(
        `let ${count} = U;`,
        `for (const ${key} in ${value}) ${count}++;`,
        `if (${count} !== ${String(node.fields.length)}) unknown(${value}, ${names}, \`${path}\`);`,
        `U = ${missing};`,
      );
    };
  }

  private groupFunction(group: readonly Field[], path: string): string {
    const name = this.emitter.fresh('g');
    const body = this.frame(() => {
      for (const field of group) this.field(field, 'value', path);
    });
    this.emitter.functions.push(`function ${name}(p, value) {
const b = B, l = L;
let z = 0;
${body}
return p;
}`);
    return name;
  }

  private field(field: Field, value: string, path: string): void {
    const own = this.emitter.fresh('v');
    const member = `${value}.${field.name}`;
    this.lines.push(
      `let ${own} = ` +
        `${INHERITED.has(field.name) ? `Object.hasOwn(${value}, '${field.name}') ? ${member} : undefined` : member};`,
    );
    const at = `${path}.${field.name}`;
    if (field.fallback === undefined) {
      this.write(field.node, own, at);
      return;
    }
    this.closeGuard();
    this.lines.push(`if (${own} === undefined) {`);
    this.openGuard('');
    if (this.strict) this.lines.push('U++;');
    this.fallback(field.fallback.bytes);
    this.closeGuard();
    this.lines.push('} else {');
    this.openGuard('');
    this.write(field.node, own, at);
    this.closeGuard();
    this.lines.push('}');
    this.openGuard('');
  }

  private fallback(bytes: Uint8Array): void {
    if (bytes.length <= 1)
      this.put(bytes.length, ...Array.from(bytes, (byte) => `b[p++] = ${String(byte)};`));
    else this.put(bytes.length, `p = raw(p, ${this.emitter.constant(bytes)});`);
  }
}
