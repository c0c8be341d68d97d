import type { Rejection } from '../../ports/transform-pool.js';
import { redactor } from '../../secrets/redact.js';
import { Outcome } from '../../wire/layout.js';
import type { OutputBatchWriter } from '../../wire/output-writer.js';
import { partitionOf, type TaskScope } from '../record-view.js';
import type { TaskSettings } from '../settings.js';
import { writeDeadLetterRow } from './dead-letter.js';
import { PROMISED, silencePromises } from './misplaced.js';
import { OutputRows, type OutputRowsParts } from './output-rows.js';
import { isCode, Rejected, redacted, refuse, refuseThrown } from './rejected.js';
import { type EmitAll, isMarked, type MarkedResult, RESULT } from './results.js';
import { sampleOf } from './sample.js';
import { RejectionTally, Tally } from './tally.js';
import { type Step, Written } from './written.js';

/** A null value with the source's key and headers: the result of a tombstone that nothing handles. */
export const PASS_THROUGH = Symbol('pass-through');

/** A decoded null (JSON's `null`) in a run without a transform: encoded as null. */
export const ENCODE_NULL = Symbol('encode-null');

/** Turns the results of user functions into rows and outcomes of the current output batch. One per worker. */
export class ResultWriter {
  readonly filtered = new Tally();
  readonly deadLettered = new RejectionTally();
  /** Why a record must stop the run. */
  stopped: Rejection | undefined;
  readonly #settings: TaskSettings;
  readonly #redact: (text: string) => string;
  readonly #rows: OutputRows;

  constructor(parts: OutputRowsParts) {
    this.#settings = parts.settings;
    this.#redact = redactor(parts.settings.secrets);
    this.#rows = new OutputRows(parts);
  }

  begin(scope: TaskScope): void {
    this.#rows.begin(scope);
    this.filtered.begin();
    this.deadLettered.begin();
    this.stopped = undefined;
  }

  /** The current output batch. */
  get writer(): OutputBatchWriter {
    return this.#rows.writer;
  }

  set writer(writer: OutputBatchWriter) {
    this.#rows.writer = writer;
  }

  get unknownTopics(): ReadonlySet<string> {
    return this.#rows.unknownTopics;
  }

  /** Writes everything that one source row produced, or nothing of it. */
  write(row: number, result: unknown): Written {
    const writer = this.writer;
    writer.mark();
    let step: Step;
    try {
      // Even `instanceof` may run user code here (a proxy's trap).
      step = result instanceof Rejected ? result : this.#write(row, result);
      if (step === Written.done && this.#rows.areTooLarge()) step = this.#rows.tooLarge();
    } catch (error) {
      step = refuseThrown('encode', error);
    }
    if (step === Written.done) return step;
    writer.rollback();
    return step instanceof Rejected ? this.reject(row, step) : step;
  }

  reject(row: number, rejected: Rejected): Written {
    const { deadLetter } = this.#settings.topics;
    const given = rejected.rejection;
    const coded = isCode(given.code)
      ? rejected
      : new Rejected({
          ...given,
          code: 'INVALID_CODE',
          message: `${String(given.code)}: ${String(given.message)}`,
        });
    const valid = redacted(coded, this.#redact);
    if (deadLetter === undefined) {
      this.stopped = this.#shown(row, valid.rejection);
      return Written.stop;
    }
    const scope = this.#rows.scope;
    const { reader } = scope;
    const target = {
      topic: deadLetter,
      bytesMax: this.#settings.deadLetterBytesMax,
      timestamp: this.#settings.deadLetterTimestamp,
      origin: this.#settings.origin,
    };
    const written = writeDeadLetterRow(
      this.writer,
      { reader, row, ...partitionOf(scope, reader, row) },
      valid,
      target,
    );
    if (!written) return Written.fullOfDeadLetter;
    const number = this.deadLettered.addRow(row, valid.rejection.code, () =>
      this.#shown(row, valid.rejection),
    );
    this.writer.setOutcome(row, Outcome.deadLetteredBase + number);
    return Written.done;
  }

  #shown(row: number, rejection: Rejection): Rejection {
    const message = sampleOf(this.#settings.samples, rejection.message, this.#rows.scope.reader, row);
    return { ...rejection, message };
  }

  rejectTooLarge(row: number): Written {
    return this.reject(row, this.#rows.tooLarge());
  }

  #write(row: number, result: unknown): Step {
    if (result === undefined)
      return refuse(
        'transform',
        'NO_RESULT',
        'the transform returned nothing: a forgotten return? Use drop() to filter a record',
      );
    if (result === null)
      return refuse(
        'transform',
        'NULL_RESULT',
        'the transform returned null: use drop() to filter a record, tombstone() for a null value',
      );
    if (result === PASS_THROUGH) return this.#rows.unchanged(row);
    if (result === ENCODE_NULL) return this.#rows.plainValue(row, null);
    if (isMarked(result)) return this.#marked(row, result);
    return this.#rows.plainValue(row, result);
  }

  #marked(row: number, result: MarkedResult): Step {
    switch (result[RESULT]) {
      case 'drop':
        this.writer.setOutcome(row, Outcome.filteredBase + this.filtered.add(String(result.reason)));
        return Written.done;
      case 'reject':
        return refuse('transform', result.code, String(result.message));
      case 'emitAll':
        return this.#emitAll(row, result);
      case 'emit':
        return this.#rows.emitValue(row, result.value, result.options);
      case 'emitRaw':
        return this.#rows.emitBytes(row, result.bytes, result.options);
      case 'forward':
        return this.#rows.forward(row, result.options);
      case 'tombstone':
        return this.#rows.emitBytes(row, null, result.options);
      default:
        return refuse('transform', 'INVALID_RESULT', 'a kind of result that this version does not know');
    }
  }

  #emitAll(row: number, result: EmitAll<unknown>): Step {
    if (!Array.isArray(result.results))
      return refuse('transform', 'INVALID_RESULT', 'emitAll() takes a list');
    if (silencePromises(result.results)) return refuse('transform', 'INVALID_RESULT', PROMISED);
    let unknownTopic = false;
    for (const item of result.results) {
      if (
        isMarked(item) &&
        (item[RESULT] === 'drop' || item[RESULT] === 'reject' || item[RESULT] === 'emitAll')
      ) {
        return refuse(
          'transform',
          'INVALID_RESULT',
          `emitAll() contains a ${item[RESULT]}(): it takes records only; to drop or reject, ` +
            'return that alone',
        );
      }
      const step = this.#write(row, item);
      // Continues, so that all new names are requested together.
      if (step === Written.unknownTopic) unknownTopic = true;
      else if (step !== Written.done) return step;
      if (this.#rows.areTooLarge()) return this.#rows.tooLarge();
    }
    return unknownTopic ? Written.unknownTopic : Written.done;
  }
}
