import type { Decoder } from '../../formats/format.js';
import { CallContext, type WorkerParts } from '../context.js';
import type { LoadedTransform } from '../load/loaded.js';
import { describeIssues, type StandardResult } from '../load/standard-schema.js';
import { RecordView, type TaskScope } from '../record-view.js';
import { type Rejected, refuse, refuseThrown } from '../results/rejected.js';
import { ENCODE_NULL, PASS_THROUGH } from '../results/result-writer.js';
import { drop, isMarked, RESULT } from '../results/results.js';
import type { TombstonePolicy } from '../settings.js';

/** The reason for dropping or rejecting a record with a null value by `dispatcher.input.tombstones`. */
const TOMBSTONE = 'TOMBSTONE';

export interface RowSteps {
  readonly decoder: Decoder;
  readonly tombstones: TombstonePolicy;
  /**
   * Bytes are passed on unread: there is no transform, and both sides have the same format, which needs no
   * check.
   */
  readonly passThrough: boolean;
  readonly loaded: LoadedTransform | undefined;
  readonly worker: WorkerParts;
}

/**
 * From a row to the result of the user's function: decode, validate, call. Every error on the way belongs to
 * that row alone.
 */
export class RowComputer {
  readonly #steps: RowSteps;
  #scope: TaskScope | undefined;
  #context: CallContext | undefined;

  constructor(steps: RowSteps) {
    this.#steps = steps;
  }

  begin(scope: TaskScope): void {
    this.#scope = scope;
  }

  /** The block belongs to other records from now on. */
  end(): void {
    this.#steps.decoder.release?.();
  }

  /** A result, a {@link Rejected}, or a promise of either. Never throws. */
  compute(row: number): unknown {
    const { scope } = this;
    if (scope.reader.valueLength(row) < 0) return this.#tombstone(row);
    const { loaded, passThrough } = this.#steps;
    if (passThrough) return PASS_THROUGH;
    const prepared = this.#prepare(scope, row);
    if (prepared instanceof RecordView)
      return loaded === undefined ? (prepared.value ?? ENCODE_NULL) : this.#call(prepared);
    if (!(prepared instanceof Promise)) return prepared;
    const context = this.context;
    return prepared.then((checked) =>
      checked instanceof RecordView ? this.#call(checked, context) : checked,
    );
  }

  /** The row's record, decoded and validated, or the reason for its rejection. */
  prepare(row: number): RecordView | Rejected | Promise<RecordView | Rejected> {
    return this.#prepare(this.scope, row);
  }

  #prepare(scope: TaskScope, row: number): RecordView | Rejected | Promise<RecordView | Rejected> {
    const { reader } = scope;
    const start = reader.valueStart(row);
    const { decoder, loaded } = this.#steps;
    let value: unknown;
    try {
      value = decoder.decode(reader.bytes, start, start + reader.valueLength(row), row);
    } catch (error) {
      return refuseThrown('decode', error);
    }
    if (loaded?.inputSchema !== undefined) return this.#checkSchema(row, value);
    const record = new RecordView(scope, row, value);
    return loaded?.validate === undefined ? record : this.#validate(record);
  }

  /** The result for a tombstone, which is never decoded. */
  tombstone(row: number): unknown {
    return this.#tombstone(row);
  }

  get scope(): TaskScope {
    if (this.#scope === undefined) throw new Error('no task is running');
    return this.#scope;
  }

  /** The context of the next call. */
  get context(): CallContext {
    this.#context ??= new CallContext(this.#steps.worker);
    return this.#context;
  }

  /** The context of the last call; later calls get another one. */
  takeContext(): CallContext {
    const { context } = this;
    this.#context = undefined;
    return context;
  }

  #call(record: RecordView, context = this.context): unknown {
    try {
      return this.#steps.loaded?.transform?.(record.value, record, context);
    } catch (thrown) {
      return resultOfThrown(thrown);
    }
  }

  #tombstone(row: number): unknown {
    const { tombstones, loaded } = this.#steps;
    if (tombstones === 'drop') return drop(TOMBSTONE);
    if (tombstones === 'reject')
      return refuse('decode', TOMBSTONE, 'a record with a null value (dispatcher.input.tombstones: reject)');
    if (loaded?.onTombstone === undefined) return PASS_THROUGH;
    try {
      return loaded.onTombstone(new RecordView(this.scope, row, null), this.context);
    } catch (thrown) {
      return resultOfThrown(thrown);
    }
  }

  #checkSchema(row: number, value: unknown): RecordView | Rejected | Promise<RecordView | Rejected> {
    const { scope } = this;
    try {
      const checked = this.#steps.loaded?.inputSchema?.(value) ?? { value };
      if (!(checked instanceof Promise)) return this.#afterSchema(scope, row, checked);
      return checked.then(
        (answer) => this.#afterSchema(scope, row, answer),
        (error: unknown) => refuseThrown('validate', error),
      );
    } catch (error) {
      return refuseThrown('validate', error);
    }
  }

  #afterSchema(scope: TaskScope, row: number, checked: StandardResult<unknown>): RecordView | Rejected {
    if (checked.issues !== undefined)
      return refuse('validate', 'INVALID_INPUT', describeIssues(checked.issues));
    const record = new RecordView(scope, row, checked.value);
    return this.#steps.loaded?.validate === undefined ? record : this.#validate(record);
  }

  #validate(record: RecordView): RecordView | Rejected {
    try {
      const verdict = this.#steps.loaded?.validate?.(record.value, record);
      if (verdict === true) return record;
      if (typeof verdict === 'string') return refuse('validate', 'INVALID_INPUT', verdict);
      if (verdict === false) return refuse('validate', 'INVALID_INPUT', 'validate returned false');
      return refuse(
        'validate',
        'INVALID_INPUT',
        `validate must return true, false or a reason, not ` +
          `${verdict instanceof Promise ? 'a promise' : typeof verdict}`,
      );
    } catch (error) {
      return refuseThrown('validate', error);
    }
  }
}

/** `drop` and `reject` may be thrown; any other thrown value rejects the record. */
export function resultOfThrown(thrown: unknown): unknown {
  try {
    if (isMarked(thrown) && (thrown[RESULT] === 'drop' || thrown[RESULT] === 'reject')) return thrown;
  } catch {
    // A proxy; it is described as far as possible.
  }
  return refuseThrown('transform', thrown);
}
