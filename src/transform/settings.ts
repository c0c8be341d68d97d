import type { FormatSpec } from '../formats/format.js';
import type { OutputTopic } from '../ports/sink.js';
import type { Samples } from './results/sample.js';

export type TombstonePolicy = 'pass' | 'drop' | 'reject';

/**
 * Everything a worker must know; plain data, because it is sent to another thread. Build it with {@link
 * taskSettings}.
 */
export interface TaskSettings {
  /** The user's module; undefined passes records through. */
  readonly transform: TransformSource | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  /** Removed from the texts of the user's errors. */
  readonly secrets: readonly string[];
  readonly input: FormatSpec & { readonly tombstones: TombstonePolicy };
  readonly output: FormatSpec & { readonly timestamp: 'source' | 'now' };
  /** Maximum number of asynchronous transforms that run at the same time in one worker. */
  readonly concurrency: number;
  /**
   * The time limit of one asynchronous call; after it the record is rejected. A worker whose event loop is
   * blocked for a second longer is replaced.
   */
  readonly timeoutMs: number;
  /** The maximum for the outputs of one source record together, and for an overflow part. */
  readonly outputBytesMax: number;
  readonly topics: {
    /** Absent: every result must name its topic, or there are no results. */
    readonly default?: OutputTopic;
    readonly deadLetter?: OutputTopic;
    /** Other topics whose numbers are known at the start. */
    readonly others: readonly OutputTopic[];
  };
  /** Maximum size of a dead letter (key, value and headers): a larger one carries fewer details. */
  readonly deadLetterBytesMax: number;
  /**
   * The timestamp of dead letters: with an old record's own timestamp, retention could delete it immediately.
   */
  readonly deadLetterTimestamp: 'now' | 'source';
  /** What is shown of a dead letter's message outside its topic. */
  readonly samples: Samples;
  readonly origin: Origin;
}

export interface TransformSource {
  /** Absolute path of the user's module. */
  readonly path: string;
}

/** The job that rejects a record, for the headers of its dead letter. */
export interface Origin {
  readonly group: string;
  readonly host: string;
  readonly version: string;
  /** The transform's file name; empty for a pass-through. */
  readonly transform: string;
}

export interface TaskSettingsInput
  extends Partial<Omit<TaskSettings, 'input' | 'output' | 'topics' | 'origin' | 'transform'>> {
  readonly transform?: string | undefined;
  readonly input?: Partial<TaskSettings['input']>;
  readonly output?: Partial<TaskSettings['output']>;
  readonly topics: {
    readonly default?: OutputTopic;
    readonly deadLetter?: OutputTopic;
    readonly others?: readonly OutputTopic[];
  };
  readonly origin?: Partial<Origin>;
}

export const TaskDefaults = {
  concurrency: 64,
  timeoutMs: 30_000,
  outputBytesMax: 8 * 1024 * 1024,
  /** Kafka's default for `max.message.bytes`. */
  deadLetterBytesMax: 1_048_588,
} as const;

/** Settings with defaults filled in. */
export function taskSettings(given: TaskSettingsInput): TaskSettings {
  return {
    transform: given.transform === undefined ? undefined : { path: given.transform },
    options: given.options ?? {},
    secrets: given.secrets ?? [],
    input: { format: 'raw', long: 'number', tombstones: 'pass', ...given.input },
    output: { format: 'raw', long: 'number', timestamp: 'source', ...given.output },
    concurrency: given.concurrency ?? TaskDefaults.concurrency,
    timeoutMs: given.timeoutMs ?? TaskDefaults.timeoutMs,
    outputBytesMax: given.outputBytesMax ?? TaskDefaults.outputBytesMax,
    topics: { ...given.topics, others: given.topics.others ?? [] },
    deadLetterBytesMax: given.deadLetterBytesMax ?? TaskDefaults.deadLetterBytesMax,
    deadLetterTimestamp: given.deadLetterTimestamp ?? 'now',
    samples: given.samples ?? 'full',
    origin: { group: '', host: '', version: '', transform: '', ...given.origin },
  };
}

/**
 * The topic to which every record goes unread, because the output equals the input; undefined if rows must be
 * read.
 */
export function passThroughTopic(settings: TaskSettings): OutputTopic | undefined {
  const { input, output, topics, transform } = settings;
  const isUnread =
    transform === undefined &&
    input.format === 'raw' &&
    output.format === 'raw' &&
    input.tombstones === 'pass' &&
    output.timestamp === 'source';
  return isUnread ? topics.default : undefined;
}
