import { type FieldTree, shownPath } from '../../fields/declared.js';
import { type DecodeOptions, DecodeSource } from '../generate/decode-source.js';
import { literal } from '../generate/emitter.js';
import { emitSkip } from '../generate/generate-skip.js';
import type { RecordNode } from '../schema/plan.js';
import type { AnyRecord, InputStep } from './input-steps.js';

export interface FieldDecodePlan {
  readonly value: AnyRecord;
  readonly wire: RecordNode;
  readonly steps: readonly InputStep[];
  readonly reads: FieldTree;
  /** The steps whose start position is kept, each in the mark with its number: `M[0]`, `M[1]` … */
  readonly marked: readonly number[];
}

/**
 * The source of a decoder that creates the declared fields only. It moves past all others as strictly as it
 * would read them, and notes where the parts begin that are copied into the result.
 */
export class FieldDecodeSource extends DecodeSource {
  readonly #plan: FieldDecodePlan;
  /** The variable that holds each value that was read. */
  readonly #variables = new Map<string, string>();

  constructor(plan: FieldDecodePlan, options: DecodeOptions) {
    super(plan.value, options, [plan.wire]);
    this.#plan = plan;
  }

  protected override body(path: string): string {
    const { steps, reads } = this.#plan;
    const lines = steps.map((step, index) => ({ node: step.node, text: this.#step(step, index, path) }));
    const variables = [...this.#variables.values()].map((name) => `let ${name};`).join(' ');
    const groups = this.emitter.grouped(lines);
    const end = `${this.#mark(steps.length)}\nvalue = ${this.#object(reads, '')};`;
    if (groups.length <= 1) return [variables, ...lines.map(({ text }) => text), end].join('\n');
    this.emitter.functions.push(variables);
    return [...groups.map((group) => this.#groupCall(group.map(({ text }) => text))), end].join('\n');
  }

  #step({ how, node, path }: InputStep, index: number, root: string): string {
    const mark = this.#mark(index);
    const at = `${root}.${shownPath(path)}`;
    if (how === 'check') return `${mark}${emitSkip(node, this.emitter, at)}`;
    const variable = this.emitter.fresh('r');
    this.#variables.set(shownPath(path), variable);
    const read = this.read(node, variable, at);
    if (how === 'read') return `${mark}${read}`;
    const back = this.emitter.fresh('q');
    return `${mark}const ${back} = p;\n${read}\np = ${back};`;
  }

  #mark(step: number): string {
    const at = this.#plan.marked.indexOf(step);
    return at < 0 ? '' : `M[${at}] = p;\n`;
  }

  #object(tree: FieldTree, within: string): string {
    const members = [...tree].map(([name, inside]) => {
      const path = `${within}${name}`;
      const value = inside === 'whole' ? this.#variables.get(path) : this.#object(inside, `${path}.`);
      return `${literal(name)}: ${value ?? 'undefined'}`;
    });
    return `{ ${members.join(', ')} }`;
  }

  #groupCall(lines: readonly string[]): string {
    const name = this.emitter.fresh('g');
    this.emitter.functions.push(`function ${name}(p) {
  const b = B, e = E;
  let c = 0;
  ${lines.map((line) => `{\n${line}\n}`).join('\n')}
  P = p;
}`);
    return `${name}(p); p = P;`;
  }
}
