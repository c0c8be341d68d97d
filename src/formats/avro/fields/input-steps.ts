import { type FieldPath, type FieldTree, insideOf, shownPath } from '../../fields/declared.js';
import type { Node, RecordNode, ResolvedRecordNode } from '../schema/plan.js';
import { Misfit, type Misfits, unknownField } from './misfit.js';

/** One part of the input record, in the order of its bytes. */
export interface InputStep {
  /**
   * `read` creates the part's value, `check` moves past it, and `peek` creates its value without moving: the
   * steps that follow are its parts.
   */
  readonly how: 'read' | 'check' | 'peek';
  readonly node: Node;
  readonly path: FieldPath;
}

export type AnyRecord = RecordNode | ResolvedRecordNode;

/** A field of the input: its schema when it was written, and the schema it is read with. */
export interface InputField {
  readonly wire: Node;
  readonly reader: Node;
  /** Where its bytes are: from the beginning of one step to the beginning of another. */
  readonly from: number;
  readonly to: number;
  /** Present if the steps go through the fields inside it. */
  readonly inside: InputFields | undefined;
}

export interface InputFields {
  readonly record: AnyRecord;
  readonly byName: ReadonlyMap<string, InputField>;
}

export interface Declared {
  readonly reads: FieldTree;
  readonly writes: FieldTree;
}

/** Declared fields that the input does not have are added to `misfits`. */
export function stepsOf(
  record: { readonly wire: RecordNode; readonly value: AnyRecord },
  declared: Declared,
  misfits: Misfits,
): { readonly steps: readonly InputStep[]; readonly fields: InputFields } {
  const walk = new InputWalk(misfits);
  const fields = walk.record(record, declared, []);
  return { steps: walk.steps, fields };
}

class InputWalk {
  readonly steps: InputStep[] = [];
  readonly #misfits: Misfits;

  constructor(misfits: Misfits) {
    this.#misfits = misfits;
  }

  record(
    { wire, value }: { readonly wire: RecordNode; readonly value: AnyRecord },
    declared: Declared,
    path: FieldPath,
  ): InputFields {
    const byName = new Map<string, InputField>();
    wire.fields.forEach((field, index) => {
      const step = value.kind === 'record' ? { node: field.node, field: index } : value.steps[index];
      const target = step === undefined ? undefined : value.fields[step.field];
      if (step === undefined || target === undefined) {
        this.steps.push({ how: 'check', node: field.node, path: [...path, field.name] });
        return;
      }
      const from = this.steps.length;
      const inside = this.#field({ wire: field.node, value: step.node }, declared, [...path, target.name]);
      const to = this.steps.length;
      byName.set(target.name, { wire: field.node, reader: target.node, from, to, inside });
    });
    for (const name of declared.reads.keys()) this.#mustHave(name, { record: value, byName }, path);
    return { record: value, byName };
  }

  #mustHave(name: string, { record, byName }: InputFields, path: FieldPath): void {
    if (byName.has(name)) return;
    const own = [...path, name];
    this.#misfits.push(
      record.fields.some((field) => field.name === name)
        ? new Misfit(
            `reads: the writer's schema has no field ${shownPath(own)}: every record would have its ` +
              'default, which needs no declared field',
          )
        : unknownField('reads: the input schema', own, record.fields),
    );
  }

  /** The fields inside, if some of them are declared. */
  #field(
    { wire, value }: { readonly wire: Node; readonly value: Node },
    declared: Declared,
    path: FieldPath,
  ): InputFields | undefined {
    const name = path.at(-1) ?? '';
    const reads = declared.reads.get(name);
    const inside = { reads: insideOf(declared.reads, name), writes: insideOf(declared.writes, name) };
    if (inside.reads.size === 0 && inside.writes.size === 0) {
      this.steps.push(
        reads === 'whole' ? { how: 'read', node: value, path } : { how: 'check', node: wire, path },
      );
      return undefined;
    }
    if (wire.kind !== 'record' || (value.kind !== 'record' && value.kind !== 'resolved')) {
      const of = inside.reads.size > 0 ? 'reads' : 'writes';
      this.#misfits.push(
        new Misfit(
          `${of}: ${shownPath(path)} is of type ${wire.kind} in the input schema, not a record, so a field ` +
            `inside it can't be declared; declare ${shownPath(path)} itself`,
        ),
      );
      this.steps.push({ how: 'check', node: wire, path });
      return undefined;
    }
    if (reads === 'whole') this.steps.push({ how: 'peek', node: value, path });
    return this.record({ wire, value }, inside, path);
  }
}
