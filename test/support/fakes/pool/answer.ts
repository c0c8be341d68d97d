import type {
  RejectedRow,
  Rejection,
  TopicRows,
  TransformResult,
  TransformTask,
} from '../../../../src/ports/transform-pool.js';
import { Outcome, RowFlag } from '../../../../src/wire/layout.js';
import { OutputBatchWriter } from '../../../../src/wire/output-writer.js';
import type { Fate } from '../log.js';
import type { Random } from '../random.js';

export interface AnswerSettings {
  /** Topic numbers that every worker knows from the start. */
  readonly defaultTopic: number;
  readonly deadLetterTopic: number | undefined;
  readonly shortAnswerChance: number;
  readonly overflowChance: number;
}

const OF_SOURCE =
  RowFlag.keyOfSource | RowFlag.valueOfSource | RowFlag.headersOfSource | RowFlag.timestampOfSource;
const OVERFLOW_BYTES = 4096;

/**
 * One answer while it is written: into the output block until it is full, then possibly into an overflow
 * block.
 */
export class Answer {
  private readonly task: TransformTask;
  private readonly fates: readonly Fate[];
  private readonly topics: ReadonlyMap<string, number>;
  private readonly settings: AnswerSettings;
  private readonly filters: string[] = [];
  private readonly codes: string[] = [];
  private readonly filteredBy: number[] = [];
  private readonly deadLetteredBy: number[] = [];
  private readonly examples: RejectedRow[] = [];
  private stop: Rejection | undefined;
  private unknown: string | undefined;

  constructor(
    task: TransformTask,
    fates: readonly Fate[],
    topics: ReadonlyMap<string, number>,
    settings: AnswerSettings,
  ) {
    this.task = task;
    this.fates = fates;
    this.topics = topics;
    this.settings = settings;
  }

  write(random: Random): TransformResult {
    const { task, settings } = this;
    const short = random.chance(settings.shortAnswerChance)
      ? random.between(1, task.rowCount)
      : task.rowCount;
    const [rowsDone, rows, emitted] = this.fill(task.output.bytes, 0, short);
    let total = rowsDone;
    let overflow: Uint8Array | undefined;
    let overflowRows = 0;
    let overflowEmitted: TopicRows = [];
    if (
      rowsDone > 0 &&
      rowsDone < task.rowCount &&
      this.stop === undefined &&
      this.unknown === undefined &&
      random.chance(settings.overflowChance)
    ) {
      overflow = new Uint8Array(OVERFLOW_BYTES);
      const to = random.between(rowsDone + 1, task.rowCount);
      const [more, moreRows, moreEmitted] = this.fill(overflow, rowsDone, to);
      if (more === 0) overflow = undefined;
      total += more;
      overflowRows = moreRows;
      overflowEmitted = moreEmitted;
    }
    return {
      rowsDone: total,
      outputRows: rows + overflowRows,
      emitted,
      outputBytes: 0,
      workMs: 0,
      ...(overflow === undefined ? {} : { overflow, overflowEmitted }),
      filterReasons: this.filters,
      deadLetterCodes: this.codes,
      filteredBy: this.filteredBy,
      deadLetteredBy: this.deadLetteredBy,
      deadLetterExamples: this.examples,
      ...(this.stop === undefined ? {} : { stop: this.stop }),
      ...(this.unknown === undefined ? {} : { unknownTopics: [this.unknown] }),
    };
  }

  /** Answers as many rows of `[from, to)` as fit: their number, the output rows, and these by topic. */
  private fill(bytes: Uint8Array, from: number, to: number): [number, number, TopicRows] {
    const writer = new OutputBatchWriter();
    writer.open(bytes, {
      firstSourceRow: this.task.firstRow + from,
      sourceRowsMax: this.task.rowCount - from,
    });
    let index = from;
    for (; index < to; index += 1) {
      const fate = this.fates[index];
      if (fate === undefined) break;
      writer.mark();
      if (!this.one(writer, this.task.firstRow + index, fate)) {
        writer.rollback();
        break;
      }
    }
    writer.finish(index - from);
    return [index - from, writer.rowCount, writer.rowsByTopic()];
  }

  private one(writer: OutputBatchWriter, row: number, fate: Fate): boolean {
    const { rejectWith, rows } = this.task;
    if (rows?.includes(row) === false) {
      writer.setOutcome(row, Outcome.elsewhere);
      return true;
    }
    if (rejectWith !== undefined) return this.reject(writer, row, rejectWith);
    if (fate.kind === 'reject')
      return this.reject(writer, row, { code: fate.code, message: 'planted', stage: 'transform' });
    if (fate.kind === 'drop') {
      writer.setOutcome(row, Outcome.filteredBase + countIn(this.filters, this.filteredBy, fate.reason));
      return true;
    }
    const count = fate.kind === 'emit' ? fate.count : 1;
    const name = fate.kind === 'emit' ? fate.topic : undefined;
    const topic = name === undefined ? this.settings.defaultTopic : this.topics.get(name);
    if (topic === undefined) {
      this.unknown = name;
      return false;
    }
    for (let n = 0; n < count; n += 1) if (!writer.addRow(row, topic, OF_SOURCE)) return false;
    return true;
  }

  private reject(writer: OutputBatchWriter, row: number, rejection: Rejection): boolean {
    const { deadLetterTopic } = this.settings;
    if (deadLetterTopic === undefined) {
      this.stop = rejection;
      return false;
    }
    if (!writer.addRow(row, deadLetterTopic, OF_SOURCE | RowFlag.deadLetter)) return false;
    const index = countIn(this.codes, this.deadLetteredBy, rejection.code);
    this.examples[index] ??= { row, message: rejection.message };
    writer.setOutcome(row, Outcome.deadLetteredBase + index);
    return true;
  }
}

function countIn(names: string[], counts: number[], name: string): number {
  let index = names.indexOf(name);
  if (index < 0) index = names.push(name) - 1;
  counts[index] = (counts[index] ?? 0) + 1;
  return index;
}
