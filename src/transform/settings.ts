import type { FormatSpec } from '../formats/format.js';
import type { OutputTopic } from '../ports/sink.js';

export type TombstonePolicy = 'pass' | 'drop' | 'reject';

/**
 * Everything a worker must know; plain data, since it crosses threads. Build it with {@link taskSettings}.
 */
export interface TaskSettings {
  /** The user's module; undefined passes records through. */
  readonly transform: TransformSource | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  /** Taken out of what the user's errors say. */
  readonly secrets: readonly string[];
  readonly input: FormatSpec & { readonly tombstones: TombstonePolicy };
  readonly output: FormatSpec & { readonly timestamp: 'source' | 'now' };
  /** Asynchronous transforms under way at once in one worker. */
  readonly concurrency: number;
  /**
   * What one asynchronous call may take; then its record is rejected. A worker whose loop is blocked for a
   * second longer is replaced.
   */
  readonly timeoutMs: number;
  /** Outputs of one source record together, and the size of an overflow part. */
  readonly outputBytesMax: number;
  readonly topics: {
    /** Absent: every result must name its topic, or there are none. */
    readonly default?: OutputTopic;
    readonly deadLetter?: OutputTopic;
    /** Further topics whose numbers are known at start. */
    readonly others: readonly OutputTopic[];
  };
  /** Bytes of a dead letter (key, value and headers): what would be larger says less about its death. */
  readonly deadLetterBytesMax: number;
  /** Of dead letters: an old record's own would let retention delete them at once. */
  readonly deadLetterTimestamp: 'now' | 'source';
  readonly origin: Origin;
}

export interface TransformSource {
  /** Absolute path of the user's module. */
  readonly path: string;
}

/** Who rejected a record, for the headers of a dead letter. */
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
    origin: { group: '', host: '', version: '', transform: '', ...given.origin },
  };
}

/** True when no row has to be looked at: what comes in goes out. */
export function isIdentity(settings: TaskSettings): boolean {
  const { input, output, topics, transform } = settings;
  return (
    transform === undefined &&
    topics.default !== undefined &&
    input.format === 'raw' &&
    output.format === 'raw' &&
    input.tombstones === 'pass' &&
    output.timestamp === 'source'
  );
}
