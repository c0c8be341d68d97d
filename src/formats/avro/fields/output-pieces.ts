import { type FieldPath, type FieldTree, insideOf, shownPath } from '../../fields/declared.js';
import type { Field, RecordNode } from '../schema/plan.js';
import { areEqual } from './equal-nodes.js';
import type { InputField, InputFields } from './input-steps.js';
import { Misfit, type Misfits, unknownField } from './misfit.js';

/**
 * One part of the output record, in order: bytes of the input from the beginning of one step to the beginning
 * of another, constant bytes, or a field of the result.
 */
export type OutputPiece =
  | { readonly kind: 'copy'; readonly from: number; readonly to: number }
  | { readonly kind: 'constant'; readonly bytes: Uint8Array }
  | { readonly kind: 'write'; readonly path: FieldPath; readonly field: Field };

export interface OutputRecord {
  readonly node: RecordNode;
  /** Fields of the input that the output does not have are dropped; otherwise they are a {@link Misfit}. */
  readonly dropsUnknown: boolean;
}

/** Whatever keeps the output from being put together is added to `misfits`. */
export function piecesOf(
  output: OutputRecord,
  { fields, writes }: Pick<Place, 'fields' | 'writes'>,
  misfits: Misfits,
): readonly OutputPiece[] {
  const walk = new OutputWalk(output.dropsUnknown, misfits);
  walk.record(output.node, { fields, writes, path: [] });
  return walk.pieces;
}

interface Place {
  readonly fields: InputFields;
  readonly writes: FieldTree;
  readonly path: FieldPath;
}

class OutputWalk {
  readonly pieces: OutputPiece[] = [];
  readonly #dropsUnknown: boolean;
  readonly #misfits: Misfits;

  constructor(dropsUnknown: boolean, misfits: Misfits) {
    this.#dropsUnknown = dropsUnknown;
    this.#misfits = misfits;
  }

  record(node: RecordNode, { fields, writes, path }: Place): void {
    for (const name of writes.keys()) {
      if (!node.fields.some((field) => field.name === name))
        this.#misfits.push(unknownField('writes: the output schema', [...path, name], node.fields));
    }
    for (const field of node.fields) {
      const own = [...path, field.name];
      if (writes.get(field.name) === 'whole') this.pieces.push({ kind: 'write', path: own, field });
      else this.#kept(field, { fields, writes, path: own });
    }
    if (!this.#dropsUnknown) this.#mustKeepAll(node, fields, path);
  }

  #mustKeepAll(node: RecordNode, { record }: InputFields, path: FieldPath): void {
    const lost = record.fields.find(({ name }) => !node.fields.some((field) => field.name === name));
    if (lost === undefined) return;
    this.#refuse(
      `the output schema has no field ${shownPath([...path, lost.name])}, so records would lose it; add it ` +
        'to the output schema, or set dispatcher.output.unknown-fields: ignore',
    );
  }

  /** A field that is copied, or of which only parts are written. */
  #kept(field: Field, { fields, writes, path }: Place): void {
    const given = fields.byName.get(field.name);
    const inside = insideOf(writes, field.name);
    if (given === undefined) this.#default(field, fields, path);
    else if (inside.size > 0) this.#inside(field, given, { writes: inside, path });
    else this.#copy(field, given, path);
  }

  #inside(field: Field, given: InputField, { writes, path }: Omit<Place, 'fields'>): void {
    // The input has no such record: its steps have said so.
    if (given.inside === undefined) return;
    if (field.node.kind !== 'record') {
      this.#refuse(
        `writes: ${shownPath(path)} is of type ${field.node.kind} in the output schema, not a record, so a ` +
          `field inside it can't be declared; declare ${shownPath(path)} itself`,
      );
      return;
    }
    this.record(field.node, { fields: given.inside, writes, path });
  }

  #copy({ node }: Field, given: InputField, path: FieldPath): void {
    if (!areEqual(given.wire, node) || !areEqual(given.reader, node)) {
      const input = areEqual(given.reader, node) ? "the writer's" : 'the input';
      this.#refuse(
        `the type of ${shownPath(path)} differs between ${input} and the output schema, so its bytes ` +
          "can't be copied; make them equal, or add the field to `reads` and `writes`",
      );
      return;
    }
    const last = this.pieces.at(-1);
    const { from, to } = given;
    if (last?.kind === 'copy' && last.to === from) this.pieces.splice(-1, 1, { ...last, to });
    else this.pieces.push({ kind: 'copy', from, to });
  }

  /** The writer's schema lacks the field: each record has the default of the schema it is read with. */
  #default({ name, node }: Field, { record }: InputFields, path: FieldPath): void {
    const known = record.fields.find((field) => field.name === name);
    if (known?.fallback === undefined) {
      this.#refuse(
        `the output schema's field ${shownPath(path)} is not in the input; add it to \`writes\` and return ` +
          'it',
      );
      return;
    }
    if (!areEqual(known.node, node)) {
      this.#refuse(
        `the type of ${shownPath(path)} differs between the input and the output schema; add the field to ` +
          '`writes`',
      );
      return;
    }
    this.pieces.push({ kind: 'constant', bytes: known.fallback.bytes });
  }

  #refuse(message: string): void {
    this.#misfits.push(new Misfit(message));
  }
}
