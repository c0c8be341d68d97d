import type { Segment } from '../../../src/core/batch.js';
import { DispatcherError } from '../../../src/core/errors.js';
import {
  NOTHING_ANSWERED,
  type RejectedRow,
  type Rejection,
  type TopicRows,
  type TransformPool,
  type TransformResult,
  type TransformTask,
  type WorkerDeath,
} from '../../../src/ports/transform-pool.js';
import { INPUT_ROW_BYTES, InputHeader, Outcome, RowFlag } from '../../../src/wire/layout.js';
import { OutputBatchWriter, writeIdentity } from '../../../src/wire/output-writer.js';
import { int32ViewOf, readInt64 } from '../../../src/wire/views.js';
import type { BlockHolders } from './block-holders.js';
import type { Fate, FateOf } from './log.js';
import type { Random } from './random.js';
import type { VirtualClock } from './virtual-clock.js';

export interface FakePoolSettings {
  readonly threads: number;
  readonly latencyMaxMs: number;
  /** The fraction of tasks that take `slowMs`. */
  readonly slowChance: number;
  readonly slowMs: number;
  /** Topic numbers that every worker knows from the start. */
  readonly defaultTopic: number;
  readonly deadLetterTopic: number | undefined;
  /** How many worker deaths in the whole run are no record's fault, at most. */
  readonly strayDeathsMax: number;
  readonly shortAnswerChance: number;
  readonly overflowChance: number;
  /** From this task on a worker blocks forever, and its thread can't be ended. */
  readonly blockedFromTask?: number | undefined;
}

interface Waiting {
  readonly task: TransformTask;
  readonly resolve: (result: TransformResult) => void;
  readonly reject: (death: WorkerDeath | DispatcherError) => void;
}

const OF_SOURCE =
  RowFlag.keyOfSource | RowFlag.valueOfSource | RowFlag.headersOfSource | RowFlag.timestampOfSource;
const OVERFLOW_BYTES = 4096;
const WORK_MS_MAX = 40;
/** How long the pool waits for a blocked worker before it gives up. */
const GIVE_UP_MS = 5000;

/**
 * Workers that treat each record according to its fate, after a random time, and write a real output batch.
 */
export class FakePool implements TransformPool {
  readonly threads: number;
  private readonly world: { clock: VirtualClock; random: Random; holders: BlockHolders };
  private readonly settings: FakePoolSettings;
  private readonly fateOf: FateOf;
  private readonly queue: Waiting[] = [];
  /** The topics that each idle worker knows by name; this knowledge is lost when the worker dies. */
  private readonly idle: Map<string, number>[] = [];
  private strayDeathsLeft: number;
  private closed = false;
  private tasksBegun = 0;
  private failure: DispatcherError | undefined;
  private blocked = false;
  busy = 0;

  constructor(
    world: { clock: VirtualClock; random: Random; holders: BlockHolders },
    settings: FakePoolSettings,
    fateOf: FateOf,
  ) {
    this.world = world;
    this.settings = settings;
    this.threads = settings.threads;
    this.fateOf = fateOf;
    this.strayDeathsLeft = settings.strayDeathsMax;
    for (let n = 0; n < settings.threads; n += 1) this.idle.push(new Map());
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.world.clock.after(this.world.random.int(20), resolve));
  }

  run(task: TransformTask): Promise<TransformResult> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const { holders } = this.world;
    holders.mustBeFree(task.output, 'the output of a task');
    holders.mustBeFree(task.input, 'the input of a task', ['worker', 'writer']);
    holders.hold(task.output, 'worker');
    holders.hold(task.input, 'worker');
    return new Promise((resolve, reject) => {
      this.queue.push({ task, resolve, reject });
      this.next();
    });
  }

  signalStop(): void {}

  close(): Promise<void> {
    this.closed = true;
    return new Promise((resolve, reject) =>
      this.world.clock.after(this.world.random.int(20), () =>
        this.blocked ? reject(new Error('a worker did not end')) : resolve(),
      ),
    );
  }

  private next(): void {
    if (this.idle.length === 0) return;
    const waiting = this.queue.shift();
    if (waiting === undefined) return;
    const topics =
      this.idle.splice(this.world.random.int(this.idle.length), 1)[0] ?? new Map<string, number>();
    this.busy += 1;
    const { random, clock } = this.world;
    this.tasksBegun += 1;
    if (this.tasksBegun === this.settings.blockedFromTask) {
      this.blocked = true;
      clock.after(GIVE_UP_MS, () => this.giveUp(waiting));
      return;
    }
    const ms = random.chance(this.settings.slowChance)
      ? this.settings.slowMs
      : random.int(this.settings.latencyMaxMs + 1);
    clock.after(ms, () => this.finish(waiting, topics));
  }

  /** The blocked thread no longer holds the blocks: it never touches them again. */
  private giveUp(waiting: Waiting): void {
    if (this.closed) return;
    this.failure = new DispatcherError('WORKER_BLOCKED', 'planted');
    this.busy -= 1;
    for (const { task, reject } of [waiting, ...this.queue.splice(0)]) {
      this.world.holders.release(task.output, 'worker');
      this.world.holders.release(task.input, 'worker');
      reject(this.failure);
    }
  }

  private finish(waiting: Waiting, topics: Map<string, number>): void {
    if (this.closed) return;
    const { task } = waiting;
    for (const topic of task.topics ?? []) topics.set(topic.name, topic.number);
    const answer = this.work(task, topics);
    this.world.holders.release(task.output, 'worker');
    this.world.holders.release(task.input, 'worker');
    this.busy -= 1;
    const died = 'kind' in answer;
    this.idle.push(died ? new Map<string, number>() : topics);
    if (died) waiting.reject(answer);
    else waiting.resolve({ ...answer, workMs: this.world.random.int(WORK_MS_MAX) });
    this.next();
  }

  private work(task: TransformTask, topics: ReadonlyMap<string, number>): TransformResult | WorkerDeath {
    const { random } = this.world;
    const { defaultTopic, strayDeathsMax } = this.settings;
    const fates = fatesOf(task, this.fateOf);
    if (task.rejectWith === undefined) {
      const killer = fates.findIndex((fate) => fate.kind === 'kill');
      const fate = fates[killer];
      if (fate?.kind === 'kill') return this.death(task, killer, fate.code);
      if (strayDeathsMax > 0 && this.strayDeathsLeft > 0 && random.chance(0.1)) {
        this.strayDeathsLeft -= 1;
        task.output.bytes.fill(0xee);
        return {
          kind: 'worker-death',
          code: 'WORKER_CRASHED',
          message: 'stray',
          suspectFirstRow: task.firstRow,
          suspectRowCount: 0,
        };
      }
    }
    const plain =
      task.rejectWith === undefined &&
      fates.every((fate) => fate.kind === 'emit' && fate.count === 1 && fate.topic === undefined);
    if (plain && random.chance(0.5)) {
      writeIdentity(task.output.bytes, task.firstRow, task.rowCount, defaultTopic);
      return {
        ...NOTHING_ANSWERED,
        rowsDone: task.rowCount,
        outputRows: task.rowCount,
        emitted: [[defaultTopic, task.rowCount]],
        outputBytes: task.rowCount,
      };
    }
    return new Answer(task, fates, topics, this.settings).write(random);
  }

  /** The guilty record is among the suspects, usually with others. */
  private death(task: TransformTask, index: number, code: string): WorkerDeath {
    const { random } = this.world;
    task.output.bytes.fill(0xee);
    const first = index - random.int(Math.min(index, 3) + 1);
    const last = index + random.int(Math.min(task.rowCount - 1 - index, 3) + 1);
    return {
      kind: 'worker-death',
      code,
      message: 'planted',
      suspectFirstRow: task.firstRow + first,
      suspectRowCount: last - first + 1,
    };
  }
}

/**
 * One answer while it is written: into the output block until it is full, then possibly into an overflow
 * block.
 */
class Answer {
  private readonly task: TransformTask;
  private readonly fates: readonly Fate[];
  private readonly topics: ReadonlyMap<string, number>;
  private readonly settings: FakePoolSettings;
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
    settings: FakePoolSettings,
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

/**
 * Reads the offsets from the block, as a worker would: a block overwritten in the meantime shows other
 * records.
 */
function fatesOf(task: TransformTask, fateOf: FateOf): Fate[] {
  const fates: Fate[] = [];
  for (let row = task.firstRow; row < task.firstRow + task.rowCount; row += 1) {
    const segment = segmentOf(task.segments, row);
    fates.push(fateOf(segment.partitionId, segment.epoch, offsetOfRow(task.input.bytes, row)));
  }
  return fates;
}

export function segmentOf(segments: readonly Segment[], row: number): Segment {
  const segment = segments.find(({ firstRow, rowCount }) => row >= firstRow && row < firstRow + rowCount);
  if (segment === undefined) throw new Error(`row ${row} is in no segment`);
  return segment;
}

export function offsetOfRow(input: Uint8Array, row: number): number {
  const cells = int32ViewOf(input);
  const rows = cells[InputHeader.rowsPosition >> 2] ?? 0;
  return readInt64(cells, (rows + row * INPUT_ROW_BYTES) >> 2);
}
