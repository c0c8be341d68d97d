import type { Encoder } from '../../formats/format.js';
import type { OutputTopic } from '../../ports/sink.js';
import { RowFlag } from '../../wire/layout.js';
import type { OutputBatchWriter } from '../../wire/output-writer.js';
import type { TaskScope } from '../record-view.js';
import type { TaskSettings } from '../settings.js';
import { checkOptions, type Emission, flagsOf, partitionProblem, writeEmission } from './emission.js';
import { hasDied, sourceHeaders } from './former-death.js';
import { misplaced, misplacedPlain } from './misplaced.js';
import { Rejected, refuse } from './rejected.js';
import type { EmitOptions } from './results.js';
import type { TopicTable } from './topic-table.js';
import { type Step, Written } from './written.js';

export interface OutputRowsParts {
  readonly settings: TaskSettings;
  readonly encoder: Encoder;
  readonly topics: TopicTable;
  readonly writer: OutputBatchWriter;
  /** The check of `output`, if that is a schema. */
  readonly checkOutput: ((value: unknown) => Rejected | undefined) | undefined;
}

/** Writes the rows of results that become records into the current output batch. */
export class OutputRows {
  writer: OutputBatchWriter;
  readonly unknownTopics = new Set<string>();
  readonly #settings: TaskSettings;
  readonly #encoder: Encoder;
  readonly #topics: TopicTable;
  readonly #checkOutput: ((value: unknown) => Rejected | undefined) | undefined;
  readonly #timestampFlag: number;
  readonly #valueFlags: number;
  readonly #defaultTopic: OutputTopic | undefined;
  #scope: TaskScope | undefined;

  constructor({ settings, encoder, topics, writer, checkOutput }: OutputRowsParts) {
    this.#settings = settings;
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
    this.unknownTopics.clear();
  }

  get scope(): TaskScope {
    if (this.#scope === undefined) throw new Error('no task is running');
    return this.#scope;
  }

  /** True once the outputs of one record are larger than any block may be. */
  areTooLarge(): boolean {
    return this.writer.bytesSinceMark > this.#settings.outputBytesMax;
  }

  tooLarge(): Rejected {
    return refuse(
      'encode',
      'OUTPUT_TOO_LARGE',
      `the outputs of this record are larger than dispatcher.batch.output-bytes-max ` +
        `(${this.#settings.outputBytesMax} bytes)`,
    );
  }

  /** `value` is neither the result of a helper nor a promise. */
  plainValue(row: number, value: unknown): Step {
    const problem = this.#problemOf(value, misplacedPlain(value));
    if (problem !== undefined) return problem;
    if (this.#defaultTopic === undefined) return noTopic();
    if (!this.#addRow(row, this.#defaultTopic, 0)) return Written.full;
    return this.#encode(row, value);
  }

  unchanged(row: number): Step {
    if (this.#defaultTopic === undefined) return noTopic();
    return this.#addRow(row, this.#defaultTopic, RowFlag.valueOfSource) ? Written.done : Written.full;
  }

  emitValue(row: number, value: unknown, options: EmitOptions): Step {
    if (value === undefined) return refuse('transform', 'NO_RESULT', 'emit() without a value');
    if (value === null)
      return refuse('transform', 'NULL_RESULT', 'emit(null): use tombstone() for a null value');
    const problem = this.#problemOf(value, misplaced(value));
    if (problem !== undefined) return problem;
    const step = this.#beginEmission(row, options);
    return step === Written.done ? this.#encode(row, value) : step;
  }

  /** The source's value, its bytes as they are. */
  forward(row: number, options: EmitOptions | undefined): Step {
    if (options === undefined) return this.unchanged(row);
    return this.#beginEmission(row, options, RowFlag.valueOfSource);
  }

  emitBytes(row: number, bytes: unknown, options: EmitOptions): Step {
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
    if (value.length > this.#settings.outputBytesMax) return this.tooLarge();
    return this.writer.copyValue(value) ? Written.done : Written.full;
  }

  /** Adds a row with key, headers and timestamp of the source. */
  #addRow(row: number, topic: OutputTopic, more: number): boolean {
    const { reader } = this.scope;
    const flags = this.#valueFlags | more;
    if (!hasDied(reader, row)) return this.writer.addRow(row, topic.number, flags);
    const headers = sourceHeaders(reader, row);
    const added = this.writer.addRow(row, topic.number, flags & ~RowFlag.headersOfSource);
    return added && (headers.length === 0 || this.writer.copyHeaders(headers));
  }

  #problemOf(value: unknown, reason: string | undefined): Rejected | undefined {
    return reason === undefined ? this.#checkOutput?.(value) : refuse('transform', 'INVALID_RESULT', reason);
  }

  #encode(row: number, value: unknown): Step {
    const writer = this.writer;
    if (this.#encoder.from !== undefined) {
      const { reader } = this.scope;
      const [start, length] = [reader.valueStart(row), reader.valueLength(row)];
      if (length < 0) return refuse('transform', 'INVALID_RESULT', NO_FIELDS);
      this.#encoder.from(reader.bytes, start, start + length, row);
    }
    const end = this.#encoder.encode(value, writer.bytes, writer.payloadEnd, writer.limit);
    if (end < 0) return -1 - end > this.#settings.outputBytesMax ? this.tooLarge() : Written.full;
    writer.takeValue(end);
    return Written.done;
  }

  #beginEmission(row: number, given: unknown, more = 0): Step {
    if (typeof given !== 'object' || given === null)
      return refuse('transform', 'INVALID_RESULT', 'the options of emit() must be an object');
    // Each is read once: an option may be a getter.
    const { topic, key, partition, timestamp, headers } = given as EmitOptions;
    if (key === undefined && timestamp === undefined && headers === undefined) {
      const target = this.#targetOf(topic, partition);
      if (target !== undefined) return this.#addRouted(row, target, partition, more);
    }
    return this.#addChecked(row, { topic, key, partition, timestamp, headers }, more);
  }

  /** Where a result that is only routed goes. Undefined: that needs a closer look. */
  #targetOf(name: unknown, partition: unknown): OutputTopic | undefined {
    // The table knows the current partition count.
    const topic = this.#topics.get(name === undefined ? this.#defaultTopic?.name : name);
    if (topic === undefined || partition === undefined) return topic;
    const exists =
      Number.isInteger(partition) && Number(partition) >= 0 && Number(partition) < topic.partitionCount;
    return exists ? topic : undefined;
  }

  #addRouted(row: number, topic: OutputTopic, partition: number | undefined, more: number): Step {
    if (!this.#addRow(row, topic, more)) return Written.full;
    if (partition !== undefined) this.writer.setPartition(partition);
    return Written.done;
  }

  #addChecked(row: number, options: EmitOptions, more: number): Step {
    const emission = checkOptions(options, this.#topics, this.scope.reader, row);
    if (emission instanceof Rejected) return emission;
    const topic = this.#topicOf(emission);
    if (topic === undefined) return emission.topicName === undefined ? noTopic() : Written.unknownTopic;
    const problem = partitionProblem(emission, topic);
    if (problem !== undefined && this.#topics.isFresh(topic.name)) return problem;
    if (problem !== undefined) {
      this.unknownTopics.add(topic.name);
      return Written.unknownTopic;
    }
    const flags = flagsOf(emission, this.#timestampFlag) | more;
    if (!this.writer.addRow(row, topic.number, flags)) return Written.full;
    return writeEmission(this.writer, emission) ? Written.done : Written.full;
  }

  #topicOf(emission: Emission): OutputTopic | undefined {
    // The table knows the current partition count.
    const name = emission.topicName ?? this.#defaultTopic?.name;
    if (name === undefined) return undefined;
    const topic = this.#topics.get(name);
    if (topic === undefined) this.unknownTopics.add(name);
    return topic;
  }
}

const NO_FIELDS =
  'with declared fields a value is a copy of its record, and a record with a null value has nothing to ' +
  'copy; return forward(), tombstone(), drop() or emitRaw() from onTombstone';

function noTopic(): Rejected {
  return refuse(
    'transform',
    'NO_TOPIC',
    'this result names no topic, and the job has no kafka.producer.topic: set it, give emit() a topic, ' +
      'or return drop()',
  );
}
