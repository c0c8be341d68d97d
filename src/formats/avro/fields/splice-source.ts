import { type FieldTree, shownPath } from '../../fields/declared.js';
import { literal } from '../generate/emitter.js';
import { EncodeSource } from '../generate/encode-source.js';
import { bytesAlways, type Field, type RecordNode } from '../schema/plan.js';
import type { OutputPiece } from './output-pieces.js';

/** The declared fields of a result, as a record of their own. */
export function writtenRecord(name: string, writes: FieldTree, output: RecordNode): RecordNode {
  const fields: Field[] = [];
  for (const field of output.fields) {
    const inside = writes.get(field.name);
    if (inside === 'whole') fields.push(field);
    else if (inside !== undefined && field.node.kind === 'record')
      fields.push({
        name: field.name,
        node: writtenRecord(field.node.name, inside, field.node),
        fallback: undefined,
      });
  }
  return { kind: 'record', name, fields };
}

/**
 * The source of an encoder that copies most of the output record from the input record: the parts between the
 * marks `M` of `R`, the record that was decoded last.
 */
export class SpliceSource extends EncodeSource {
  readonly #written: RecordNode;
  readonly #pieces: readonly OutputPiece[];
  readonly #marked: readonly number[];
  /** Per record that has written fields, the variable that holds its object; '' is the result itself. */
  readonly #objects = new Map<string, string>([['', 'value']]);

  constructor(written: RecordNode, pieces: readonly OutputPiece[], marked: readonly number[]) {
    super(written, true);
    this.#written = written;
    this.#pieces = pieces;
    this.#marked = marked;
  }

  protected override body(path: string): void {
    this.emitter.functions.push(SPAN);
    const close = this.#open(this.#written, '', path);
    for (let at = 0; at < this.#pieces.length; ) at += this.#piecesAt(at, path);
    for (const end of close) end();
  }

  /**
   * Checks that the result and the records inside it are objects; returns the code that checks their field
   * names.
   */
  #open(node: RecordNode, within: string, path: string): readonly (() => void)[] {
    const value = this.#objects.get(within) ?? 'value';
    this.isObject(node, value, path);
    const close = [this.openFields(node, value, path)];
    for (const { name, node: inside } of node.fields) {
      if (inside.kind !== 'record' || !this.#isSplit(`${within}${name}.`)) continue;
      const variable = this.emitter.fresh('o');
      this.#objects.set(`${within}${name}.`, variable);
      this.out.lines.push(`const ${variable} = ${value}[${literal(name)}];`);
      close.unshift(...this.#open(inside, `${within}${name}.`, `${path}.${name}`));
    }
    return close;
  }

  /** Only parts of the record are written. */
  #isSplit(prefix: string): boolean {
    return this.#pieces.some((piece) => piece.kind === 'write' && shownPath(piece.path).startsWith(prefix));
  }

  /** Returns the number of pieces that the lines are for. */
  #piecesAt(at: number, root: string): number {
    const [before, piece, after] = this.#pieces.slice(at, at + 3);
    if (before === undefined) return 1;
    const bytes = piece === undefined ? undefined : fixedBytes(piece);
    if (before.kind === 'copy' && after?.kind === 'copy' && piece !== undefined && bytes !== undefined) {
      this.#writtenOver(piece, { before, after, bytes }, root);
      return 3;
    }
    this.#piece(before, root);
    return 1;
  }

  /**
   * Where the two copied parts have as many bytes between them as the field takes, as in a record whose
   * schema does not change, all is copied at once and the field is written over it.
   */
  #writtenOver(
    piece: OutputPiece,
    { before, after, bytes }: { before: CopyPiece; after: CopyPiece; bytes: number },
    root: string,
  ): void {
    const [from, to] = [this.#mark(before.from), this.#mark(before.to)];
    const [next, end] = [this.#mark(after.from), this.#mark(after.to)];
    const once = this.emitter.fresh('a');
    this.out.nextGuard(`${to} - ${from}`);
    this.out.put(
      0,
      `const ${once} = ${next} - ${to} === ${String(bytes)};`,
      `if (${once}) {`,
      `if (l - p < ${end} - ${from}) throw OVERFLOW;`,
      `span(p, ${from}, ${end});`,
      `p += ${to} - ${from};`,
      `} else p = span(p, ${from}, ${to});`,
    );
    this.#piece(piece, root);
    this.out.nextGuard(`${end} - ${next}`);
    this.out.put(0, `p = ${once} ? p + ${end} - ${next} : span(p, ${next}, ${end});`);
  }

  #piece(piece: OutputPiece, root: string): void {
    if (piece.kind === 'write') {
      const within = piece.path.slice(0, -1);
      const object = this.#objects.get(within.map((name) => `${name}.`).join('')) ?? 'value';
      this.field(piece.field, object, [root, ...within].join('.'));
    } else if (piece.kind === 'constant') this.constant(piece.bytes);
    else {
      const [from, to] = [this.#mark(piece.from), this.#mark(piece.to)];
      this.out.nextGuard(`${to} - ${from}`);
      this.out.put(0, `p = span(p, ${from}, ${to});`);
    }
  }

  #mark(step: number): string {
    return `M[${this.#marked.indexOf(step)}]`;
  }
}

type CopyPiece = Extract<OutputPiece, { kind: 'copy' }>;

/** Of a field that takes as many bytes whatever its value. */
function fixedBytes(piece: OutputPiece): number | undefined {
  return piece.kind === 'write' && piece.field.fallback === undefined
    ? bytesAlways(piece.field.node)
    : undefined;
}

/** Shorter spans are copied by words: a call costs as much as about this many bytes. */
const CALL_COSTS_BYTES = 160;

const SPAN = `
function span(p, s, t) {
  if (t - s > ${CALL_COSTS_BYTES}) {
    R.buffer.copy(X, p, s, t);
    return p + t - s;
  }
  const w = W, r = R.view;
  for (; s < t - 3; s += 4, p += 4) w.setInt32(p, r.getInt32(s, true), true);
  if (s < t) {
    const b = B, o = R.bytes;
    do b[p++] = o[s++]; while (s < t);
  }
  return p;
}`;
