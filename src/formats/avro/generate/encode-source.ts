import type { Field, Node, RecordNode } from '../schema/plan.js';
import { Emitter, inTemplate, literal } from './emitter.js';
import { EncodeLines } from './encode-lines.js';
import { writeArray, writeMap, writeUnion } from './encode-parts.js';
import { ENCODE_PRELUDE } from './encode-prelude.js';
import { writeFixed, writePrimitive } from './encode-scalars.js';
import { expectedOf } from './encode-union.js';
import { shortName } from './snippets.js';

/** The names of Object.prototype: a missing field with such a name would be found there. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** The source of one encoder, written as straight-line JavaScript. */
export class EncodeSource {
  readonly emitter: Emitter;
  private readonly root: Node;
  /** A field that the schema does not have is refused. */
  private readonly strict: boolean;
  readonly out = new EncodeLines();

  constructor(root: Node, strict: boolean) {
    this.root = root;
    this.strict = strict;
    this.emitter = new Emitter(root);
  }

  text(): string {
    const path = inTemplate(this.root.kind === 'record' ? shortName(this.root.name) : 'value');
    const body = this.out.frame(() => {
      this.body(path);
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

  /** Adds the lines that write `value`. */
  protected body(path: string): void {
    this.write(this.root, 'value', path);
  }

  /**
   * `value` is a variable that may be assigned to; `path` is the inside of a template literal, evaluated only
   * for an error.
   */
  write(node: Node, value: string, path: string): void {
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
        writeArray(node, this, { value, path });
        return;
      case 'map':
        writeMap(node, this, { value, path });
        return;
      case 'union':
        writeUnion(node, this, { value, path });
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
    this.isObject(node, value, path);
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

  protected isObject(node: RecordNode, value: string, path: string): void {
    this.out.lines.push(
      `if (typeof ${value} !== 'object' || ${value} === null || Array.isArray(${value})) bad(${value}, ` +
        `${literal(expectedOf(node))}, \`${path}\`);`,
    );
  }

  /** Counts the present and the missing fields (`U`): names are compared only if the sum is wrong. */
  protected openFields(node: RecordNode, value: string, path: string): () => void {
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

  protected field(field: Field, value: string, path: string): void {
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
    this.constant(field.fallback.bytes);
    this.out.closeGuard();
    this.out.lines.push('} else {');
    this.out.openGuard('');
    this.write(field.node, own, at);
    this.out.closeGuard();
    this.out.lines.push('}');
    this.out.openGuard('');
  }

  protected constant(bytes: Uint8Array): void {
    if (bytes.length <= 1)
      this.out.put(bytes.length, ...Array.from(bytes, (byte) => `b[p++] = ${String(byte)};`));
    else this.out.put(bytes.length, `p = raw(p, ${this.emitter.constant(bytes)});`);
  }
}
