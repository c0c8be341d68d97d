import type { FieldDefault, Node, RecordNode, ResolvedRecordNode } from '../schema/plan.js';
import { readArray, readMap, readUnion } from './decode-parts.js';
import { DECODE_PRELUDE } from './decode-prelude.js';
import {
  type DecodePlace,
  type Long,
  readEnum,
  readFixed,
  readPrimitive,
  readPromoted,
  readSymbols,
} from './decode-scalars.js';
import { Emitter, inTemplate, literal } from './emitter.js';
import { emitSkip } from './generate-skip.js';
import { shortName } from './snippets.js';

/**
 * A default as the decoder returns it: the value itself if it is immutable, else a function that creates a
 * new one.
 */
export type MakeDefault = (
  node: Node,
  fallback: FieldDefault,
) => { readonly value: unknown } | { readonly make: () => unknown };

export interface DecodeOptions {
  readonly long: Long;
  readonly makeDefault: MakeDefault;
}

type AnyRecord = RecordNode | ResolvedRecordNode;

/** The next value to read, and the field of the record that gets it; −1 for none. */
interface Step {
  readonly node: Node;
  readonly field: number;
}

/** The source of one decoder, written as straight-line JavaScript. */
export class DecodeSource {
  readonly emitter: Emitter;
  private readonly options: DecodeOptions;
  private readonly root: Node;

  /** `others`: further plans whose parts the source moves past. */
  constructor(root: Node, options: DecodeOptions, others: readonly Node[] = []) {
    this.root = root;
    this.options = options;
    this.emitter = new Emitter(root, others);
  }

  text(): string {
    const name =
      this.root.kind === 'record' || this.root.kind === 'resolved' ? shortName(this.root.name) : 'value';
    const body = this.body(inTemplate(name));
    const at = literal(`${name}: `);
    return `'use strict';
${DECODE_PRELUDE}
${this.emitter.functions.join('\n')}
return {
  attach(bytes, buffer, view) {
    B = bytes; X = buffer; W = view; Q = 0;
    if (S !== undefined) { S.count = 0; S.view = view; }
  },
  read(start, end) {
    const b = B, e = end;
    let p = start, c = 0, value;
    E = end; D = 0; Z = 0;
    if (!STABLE) Q = 0;
    if (S !== undefined) S.count = 0;
    ${body}
    if (p > e) fail('TRUNCATED', ${at}, p);
    if (p < e) trailing(${at}, p);
    return value;
  },
};`;
  }

  /** The statements that set `value` from position `p` to the record's end. */
  protected body(path: string): string {
    return this.read(this.root, 'value', path);
  }

  /**
   * Returns statements that set `target` from position `p` and advance it. `path` names the place in errors:
   * the inside of a template literal without placeholders, so that it costs nothing.
   */
  read(node: Node, target: string, path: string): string {
    const { emitter } = this;
    const { long } = this.options;
    const at = { target, path };
    switch (node.kind) {
      case 'fixed':
        return readFixed(node, at);
      case 'enum':
        return readEnum(node, emitter, at);
      case 'array':
        return readArray(node, this, at);
      case 'map':
        return readMap(node, this, at);
      case 'union':
        return readUnion(node, this, at);
      case 'record':
      case 'resolved':
        return this.record(node, target, path);
      case 'wrap': {
        const inner = emitter.fresh('v');
        return `let ${inner};
${this.read(node.node, inner, path)}
${target} = { ${literal(node.name)}: ${inner} };`;
      }
      case 'symbols':
        return readSymbols(node, emitter, at);
      case 'refuse':
        return `fail('UNREADABLE', ${literal(node.message)}, p);`;
      case 'promote':
        return readPromoted(node, long, at);
      default:
        return readPrimitive(node, long, at);
    }
  }

  private record(node: AnyRecord, target: string, path: string): string {
    if (!this.emitter.isApart(node) || (node === this.root && !this.emitter.isRecursive(node)))
      return this.fields(node, target, path);
    const name = this.emitter.functionFor(node, (own) => this.recordFunction(node, own));
    return `${target} = ${name}(p); p = P;`;
  }

  private recordFunction(node: AnyRecord, name: string): string {
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

  private fields(node: AnyRecord, target: string, path: string): string {
    const steps: readonly Step[] =
      node.kind === 'resolved'
        ? node.steps
        : node.fields.map((field, index) => ({ node: field.node, field: index }));
    const values = node.fields.map((field) => (node.kind === 'record' ? 'undefined' : this.fallback(field)));
    const groups = this.emitter.grouped(steps);
    const object = (): string => {
      const members = node.fields.map((field, i) => `${literal(field.name)}: ${values[i] ?? 'undefined'}`);
      return `${target} = { ${members.join(', ')} };`;
    };
    if (groups.length > 1) {
      const calls = groups.map((group) => this.groupCall(group, node, { target, path }));
      return `${object()}\n${calls.join('\n')}`;
    }
    const lines = steps.map((step) => {
      const value = this.emitter.fresh('v');
      const read = this.step(step, node, { target: value, path });
      if (step.field >= 0) values[step.field] = value;
      return `let ${value};\n${read}`;
    });
    return `${lines.join('\n')}\n${object()}`;
  }

  private step(step: Step, node: AnyRecord, at: DecodePlace): string {
    const field = node.fields[step.field];
    return field === undefined
      ? emitSkip(step.node, this.emitter, at.path)
      : this.read(step.node, at.target, `${at.path}.${field.name}`);
  }

  /**
   * Calls a separate function that fills some fields of an object; the object already has all fields, in
   * order.
   */
  private groupCall(group: readonly Step[], node: AnyRecord, at: DecodePlace): string {
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

  /** The value of a field that the writer does not have. */
  private fallback(field: ResolvedRecordNode['fields'][number]): string {
    if (field.fallback === undefined) return 'undefined';
    const made = this.options.makeDefault(field.node, field.fallback);
    return 'make' in made ? `${this.emitter.constant(made.make)}()` : this.emitter.constant(made.value);
  }
}
