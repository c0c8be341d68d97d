import type { ArrayNode, Field, MapNode, Node, RecordNode, UnionNode } from '../schema/plan.js';
import { Emitter, inTemplate, literal } from './emitter.js';
import { EncodeLines } from './encode-lines.js';
import { ENCODE_PRELUDE } from './encode-prelude.js';
import { writeFixed, writePrimitive } from './encode-scalars.js';
import { acceptsOf, expectedOf } from './encode-union.js';
import { shortName } from './snippets.js';

/** The names of Object.prototype: a missing field of such a name would be found there. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** The source of one encoder, written as straight-line JavaScript. */
export class EncodeSource {
  readonly emitter: Emitter;
  private readonly root: Node;
  /** A field that the schema does not have is refused. */
  private readonly strict: boolean;
  private readonly out = new EncodeLines();

  constructor(root: Node, strict: boolean) {
    this.root = root;
    this.strict = strict;
    this.emitter = new Emitter(root);
  }

  text(): string {
    const path = inTemplate(this.root.kind === 'record' ? shortName(this.root.name) : 'value');
    const body = this.out.frame(() => {
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

  /**
   * `value` is a variable that may be assigned to; `path` is the inside of a template literal, evaluated only
   * for an error.
   */
  private write(node: Node, value: string, path: string): void {
    switch (node.kind) {
      case 'fixed':
        writeFixed(this.out, this.emitter, node, { value, path });
        return;
      case 'enum': {
        const symbols = this.emitter.constant(
          new Map(node.symbols.map((symbol, index) => [symbol, index * 2])),
        );
        const expected = literal(`one of the symbols of ${shortName(node.name)}`);
        this.out.put(
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
      case 'symbols':
      case 'refuse':
      case 'resolved':
        throw new Error(`a ${node.kind} is never written`);
      default:
        writePrimitive(this.out, this.emitter, node, { value, path });
    }
  }

  private array(node: ArrayNode, value: string, path: string): void {
    const [i, n, item] = [this.emitter.fresh('i'), this.emitter.fresh('n'), this.emitter.fresh('v')];
    this.out.put(
      5,
      `if (!Array.isArray(${value})) bad(${value}, 'array', \`${path}\`);`,
      `const ${n} = ${value}.length;`,
      `if (${n} > 0) p = ${n} < 64 ? (b[p] = ${n} << 1, p + 1) : long(p, ${n});`,
    );
    this.out.lines.push(`for (let ${i} = 0; ${i} < ${n}; ${i}++) {`, `let ${item} = ${value}[${i}];`);
    this.out.nextGuard();
    this.write(node.items, item, `${path}[\${${i}}]`);
    this.out.lines.push('}');
    this.out.nextGuard();
    this.out.put(1, 'b[p++] = 0;');
  }

  private map(node: MapNode, value: string, path: string): void {
    const [keys, i, key, item] = [
      this.emitter.fresh('n'),
      this.emitter.fresh('i'),
      this.emitter.fresh('k'),
      this.emitter.fresh('v'),
    ];
    this.out.put(
      5,
      `if (!isObject(${value})) bad(${value}, 'map (a plain object)', \`${path}\`);`,
      `const ${keys} = Object.keys(${value});`,
      `if (${keys}.length > 0) p = long(p, ${keys}.length);`,
    );
    this.out.lines.push(
      `for (let ${i} = 0; ${i} < ${keys}.length; ${i}++) {`,
      `const ${key} = ${keys}[${i}];`,
      `if (${key} === '__proto__') throw new FormatError('FORBIDDEN_KEY', \`${path}: holds the key ` +
        `"__proto__", which no reader in JavaScript would take\`);`,
      `let ${item} = ${value}[${key}];`,
    );
    this.out.nextGuard(`${key}.length * 3`);
    this.out.put(5, `z = text(p, ${key});`, `if (z < 0) ill(\`${path}\`);`, 'p = z;');
    this.write(node.values, item, `${path}.\${${key}}`);
    this.out.lines.push('}');
    this.out.nextGuard();
    this.out.put(1, 'b[p++] = 0;');
  }

  private branch(index: number): void {
    if (index < 64) this.out.put(1, `b[p++] = ${String(index * 2)};`);
    else this.out.put(5, `p = varint(p, ${String(index * 2)});`);
  }

  private union(node: UnionNode, value: string, path: string): void {
    this.out.closeGuard();
    for (const { index, condition } of acceptsOf(node, value)) {
      const branch = node.branches[index];
      if (branch === undefined) continue;
      this.out.lines.push(`if (${condition}) {`);
      this.out.openGuard('');
      this.branch(index);
      if (branch.node.kind !== 'null') this.write(branch.node, value, path);
      this.out.closeGuard();
      this.out.lines.push('} else');
    }
    this.out.lines.push(`bad(${value}, ${literal(expectedOf(node))}, \`${path}\`);`);
    this.out.openGuard('');
  }

  private wrappedUnion(node: UnionNode, value: string, path: string): void {
    const [keys, key, inner] = [this.emitter.fresh('n'), this.emitter.fresh('k'), this.emitter.fresh('v')];
    const bad = `bad(${value}, ${literal(expectedOf(node))}, \`${path}\`);`;
    this.out.closeGuard();
    this.out.lines.push(
      `const ${keys} = isObject(${value}) ? Object.keys(${value}) : undefined;`,
      `const ${key} = ${value} === null ? 'null' : ${keys} !== ` +
        `undefined && ${keys}.length === 1 ? ${keys}[0] : '';`,
      `switch (${key}) {`,
    );
    node.branches.forEach((branch, index) => {
      this.out.lines.push(`case ${literal(branch.name)}: {`);
      if (branch.node.kind === 'null') this.out.lines.push(`if (${value} !== null) ${bad}`);
      this.out.openGuard('');
      this.branch(index);
      if (branch.node.kind !== 'null') {
        this.out.lines.push(`if (${value} === null) ${bad}`, `let ${inner} = ${value}[${key}];`);
        this.write(branch.node, inner, `${path}.${inTemplate(shortName(branch.name))}`);
      }
      this.out.closeGuard();
      this.out.lines.push('break;\n}');
    });
    this.out.lines.push(`default: ${bad}`, '}');
    this.out.openGuard('');
  }

  private record(node: RecordNode, value: string, path: string): void {
    if (!this.emitter.isApart(node) || (node === this.root && !this.emitter.isRecursive(node))) {
      this.fields(node, value, path);
      return;
    }
    const name = this.emitter.functionFor(node, (own) => this.recordFunction(node, own));
    this.out.closeGuard();
    this.out.lines.push(`p = ${name}(p, ${value});`);
    this.out.openGuard('');
  }

  private recordFunction(node: RecordNode, name: string): string {
    const path = inTemplate(shortName(node.name));
    const body = this.out.frame(() => {
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
    this.out.lines.push(
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
    this.out.closeGuard();
    for (const group of groups) this.out.lines.push(`p = ${this.groupFunction(group, path)}(p, ${value});`);
    close();
    this.out.openGuard('');
  }

  /**
   * Counts the fields that are there against those that were missing (`U`): only where the sum is off, names
   * are compared.
   */
  private openFields(node: RecordNode, value: string, path: string): () => void {
    const [missing, count, key] = [this.emitter.fresh('u'), this.emitter.fresh('n'), this.emitter.fresh('k')];
    const names = this.emitter.constant(new Set(node.fields.map(({ name }) => name)));
    this.out.lines.push(`const ${missing} = U;`, 'U = 0;');
    return () => {
      this.out.lines.push(
        `let ${count} = U;`,
        `for (const ${key} in ${value}) ${count}++;`,
        `if (${count} !== ${String(node.fields.length)}) unknown(${value}, ${names}, \`${path}\`);`,
        `U = ${missing};`,
      );
    };
  }

  private groupFunction(group: readonly Field[], path: string): string {
    const name = this.emitter.fresh('g');
    const body = this.out.frame(() => {
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
    const given = INHERITED.has(field.name)
      ? `Object.hasOwn(${value}, '${field.name}') ? ${member} : undefined`
      : member;
    this.out.lines.push(`let ${own} = ${given};`);
    const at = `${path}.${field.name}`;
    if (field.fallback === undefined) {
      this.write(field.node, own, at);
      return;
    }
    this.out.closeGuard();
    this.out.lines.push(`if (${own} === undefined) {`);
    this.out.openGuard('');
    if (this.strict) this.out.lines.push('U++;');
    this.fallback(field.fallback.bytes);
    this.out.closeGuard();
    this.out.lines.push('} else {');
    this.out.openGuard('');
    this.write(field.node, own, at);
    this.out.closeGuard();
    this.out.lines.push('}');
    this.out.openGuard('');
  }

  private fallback(bytes: Uint8Array): void {
    if (bytes.length <= 1)
      this.out.put(bytes.length, ...Array.from(bytes, (byte) => `b[p++] = ${String(byte)};`));
    else this.out.put(bytes.length, `p = raw(p, ${this.emitter.constant(bytes)});`);
  }
}
