import type { Encoder } from '../../formats/format.js';
import type { OutputTopic } from '../../ports/sink.js';
import { redactor } from '../../secrets/redact.js';
import { Outcome, RowFlag } from '../../wire/layout.js';
import type { OutputBatchWriter } from '../../wire/output-writer.js';
import { partitionOf, type TaskScope } from '../record-view.js';
import type { TaskSettings } from '../settings.js';
import { writeDeadLetterRow } from './dead-letter.js';
import { checkOptions, type Emission, flagsOf, partitionProblem, writeEmission } from './emission.js';
import { hasDied, sourceHeaders } from './former-death.js';
import { misplaced, PROMISED, silencePromises } from './misplaced.js';
import { isCode, Rejected, redacted, refuse, refuseThrown } from './rejected.js';
import { type EmitAll, type EmitOptions, isMarked, type MarkedResult, RESULT } from './results.js';
import { Tally } from './tally.js';
import type { TopicTable } from './topic-table.js';

/**
 * What became of a result. `full`: nothing was written. `stop`: a rejection without a dead-letter topic.
 * `unknownTopic`: ask the main thread first.
 */
export const Written = { done: 0, full: 1, fullOfDeadLetter: 2, stop: 3, unknownTopic: 4 } as const;
export type Written = (typeof Written)[keyof typeof Written];

/** A null value with the source's key and headers; what a tombstone becomes where nothing handles it. */
export const PASS_THROUGH = Symbol('pass-through');

/** A decoded value that is null (JSON's `null`) in a run without a transform: encoded as it is. */
export const ENCODE_NULL = Symbol('encode-null');

type Step = Rejected | Written;

export interface ResultWriterParts {
  readonly settings: TaskSettings;
  readonly encoder: Encoder;
  readonly topics: TopicTable;
  readonly writer: OutputBatchWriter;
  /** The check of `output`, where that is a schema. */
  readonly checkOutput: ((value: unknown) => Rejected | undefined) | undefined;
}

/**
 * Turns the results of the user's functions into rows and outcomes of the output batch in hand. One for a
 * worker's life.
 */
export class ResultWriter {
  writer: OutputBatchWriter;
  readonly filtered = new Tally();
  readonly deadLettered = new Tally();
  readonly unknownTopics = new Set<string>();
  /** The record that must stop the run. */
  stopped: Rejected | undefined;
  readonly #settings: TaskSettings;
  readonly #redact: (text: string) => string;
  readonly #encoder: Encoder;
  readonly #topics: TopicTable;
  readonly #checkOutput: ((value: unknown) => Rejected | undefined) | undefined;
  readonly #timestampFlag: number;
  readonly #valueFlags: number;
  readonly #defaultTopic: OutputTopic | undefined;
  #scope: TaskScope | undefined;

  constructor(parts: ResultWriterParts) {
    const { settings, encoder, topics, writer, checkOutput } = parts;
    this.#settings = settings;
    this.#redact = redactor(settings.secrets);
    this.#encoder = encoder;
    this.#topics = topics;
    this.#checkOutput = checkOutput;
    this.writer = writer;
    this.#defaultTopic = settings.topics.default;
    this.#timestampFlag = settings.output.timestamp === 'source' ? RowFlag.timestampOfSource : 0;
    this.#valueFlags = RowFlag.keyOfSource | RowFlag.headersOfSource | this.#timestampFlag;
  }

  begin(scope: TaskScope): void {
    this.#scope = scope;
    this.filtered.begin();
    this.deadLettered.begin();
    this.unknownTopics.clear();
    this.stopped = undefined;
  }

  /** Writes all that one source row produced, or nothing of it. */
  write(row: number, result: unknown): Written {
    const writer = this.writer;
    writer.mark();
    let step: Step;
    try {
      // In here even `instanceof` may run code of the user (a proxy's trap).
      step = result instanceof Rejected ? result : this.#write(row, result);
      if (step === Written.done && writer.bytesSinceMark > this.#settings.outputBytesMax)
        step = this.#tooLarge();
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
      this.stopped = valid;
      return Written.stop;
    }
    const scope = this.#requireScope();
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
    this.writer.setOutcome(row, Outcome.deadLetteredBase + this.deadLettered.add(valid.rejection.code));
    return Written.done;
  }

  /** The rejection of a record whose outputs are larger than any block may be. */
  #tooLarge(): Rejected {
    return refuse(
      'encode',
      'OUTPUT_TOO_LARGE',
      `the outputs of this record are larger than dispatcher.batch.output-bytes-max ` +
        `(${this.#settings.outputBytesMax} bytes)`,
    );
  }

  rejectTooLarge(row: number): Written {
    return this.reject(row, this.#tooLarge());
  }

  #write(row: number, result: unknown): Step {
    if (result === undefined)
      return refuse(
        'transform',
        'NO_RESULT',
        'the transform returned nothing: a forgotten return? Say drop() to filter a record',
      );
    if (result === null)
      return refuse(
        'transform',
        'NULL_RESULT',
        'the transform returned null: say drop() to filter a record, tombstone() for a null value',
      );
    if (result === PASS_THROUGH) return this.#unchanged(row);
    if (result === ENCODE_NULL) return this.#plainValue(row, null);
    if (isMarked(result)) return this.#marked(row, result);
    return this.#plainValue(row, result);
  }

  #plainValue(row: number, value: unknown): Step {
    const problem = this.#problemOf(value);
    if (problem !== undefined) return problem;
    if (this.#defaultTopic === undefined) return noTopic();
    if (!this.#addRow(row, this.#defaultTopic, 0)) return Written.full;
    return this.#encode(value);
  }

  #problemOf(value: unknown): Rejected | undefined {
    const reason = misplaced(value);
    return reason === undefined ? this.#checkOutput?.(value) : refuse('transform', 'INVALID_RESULT', reason);
  }

  #encode(value: unknown): Step {
    const writer = this.writer;
    const end = this.#encoder.encode(value, writer.bytes, writer.payloadEnd, writer.limit);
    if (end < 0) return -1 - end > this.#settings.outputBytesMax ? this.#tooLarge() : Written.full;
    writer.takeValue(end);
    return Written.done;
  }

  #unchanged(row: number): Step {
    if (this.#defaultTopic === undefined) return noTopic();
    return this.#addRow(row, this.#defaultTopic, RowFlag.valueOfSource) ? Written.done : Written.full;
  }

  /** With key, headers and timestamp of the source. */
  #addRow(row: number, topic: OutputTopic, more: number): boolean {
    const { reader } = this.#requireScope();
    const flags = this.#valueFlags | more;
    if (!hasDied(reader, row)) return this.writer.addRow(row, topic.number, flags);
    const headers = sourceHeaders(reader, row);
    const added = this.writer.addRow(row, topic.number, flags & ~RowFlag.headersOfSource);
    return added && (headers.length === 0 || this.writer.copyHeaders(headers));
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
        return this.#emitValue(row, result.value, result.options);
      case 'emitRaw':
        return this.#emitBytes(row, result.bytes, result.options);
      case 'tombstone':
        return this.#emitBytes(row, null, result.options);
      default:
        return refuse('transform', 'INVALID_RESULT', 'a result of a kind that this version does not know');
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
          `emitAll() holds a ${item[RESULT]}(): records only; to drop or reject, return that alone`,
        );
      }
      const step = this.#write(row, item);
      // Goes on, so that all new names are asked for at once.
      if (step === Written.unknownTopic) unknownTopic = true;
      else if (step !== Written.done) return step;
      if (this.writer.bytesSinceMark > this.#settings.outputBytesMax) return this.#tooLarge();
    }
    return unknownTopic ? Written.unknownTopic : Written.done;
  }

  #emitValue(row: number, value: unknown, options: EmitOptions): Step {
    if (value === undefined) return refuse('transform', 'NO_RESULT', 'emit() without a value');
    if (value === null)
      return refuse('transform', 'NULL_RESULT', 'emit(null): say tombstone() for a null value');
    const problem = this.#problemOf(value);
    if (problem !== undefined) return problem;
    const step = this.#beginEmission(row, options);
    return step === Written.done ? this.#encode(value) : step;
  }

  #emitBytes(row: number, bytes: unknown, options: EmitOptions): Step {
    if (bytes !== null && typeof bytes !== 'string' && !(bytes instanceof Uint8Array)) {
      return refuse(
        'transform',
        'INVALID_RESULT',
        `emitRaw() takes a Buffer, a string or null, not a value of type ${typeof bytes}`,
      );
    }
    const step = this.#beginEmission(row, options);
    if (step !== Written.done || bytes === null) return step;
    const value = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    if (value.length > this.#settings.outputBytesMax) return this.#tooLarge();
    return this.writer.copyValue(value) ? Written.done : Written.full;
  }

  #beginEmission(row: number, options: EmitOptions): Step {
    const emission = checkOptions(options, this.#requireScope().reader, row);
    if (emission instanceof Rejected) return emission;
    const topic = this.#topicOf(emission);
    if (topic === undefined) return emission.topicName === undefined ? noTopic() : Written.unknownTopic;
    const problem = partitionProblem(emission, topic);
    if (problem !== undefined && this.#topics.isFresh(topic.name)) return problem;
    if (problem !== undefined) {
      this.unknownTopics.add(topic.name);
      return Written.unknownTopic;
    }
    if (!this.writer.addRow(row, topic.number, flagsOf(emission, this.#timestampFlag))) return Written.full;
    return writeEmission(this.writer, emission) ? Written.done : Written.full;
  }

  #topicOf(emission: Emission): OutputTopic | undefined {
    // The table knows its present partition count.
    const name = emission.topicName ?? this.#defaultTopic?.name;
    if (name === undefined) return undefined;
    const topic = this.#topics.get(name);
    if (topic === undefined) this.unknownTopics.add(name);
    return topic;
  }

  #requireScope(): TaskScope {
    if (this.#scope === undefined) throw new Error('no task is running');
    return this.#scope;
  }
}

function noTopic(): Rejected {
  return refuse(
    'transform',
    'NO_TOPIC',
    'this result names no topic, and the job has no kafka.producer.topic: set it, give emit() a topic, ' +
      'or return drop()',
  );
}
