/** A dispatcher between scripted ports: nothing happens except what a test does, one step at a time. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Block, Fault } from '../../src/core/batch.js';
import type { ReadFault } from '../../src/core/faults.js';
import { Dispatcher, type RunReport } from '../../src/dispatcher/dispatcher.js';
import type { DispatcherSettings } from '../../src/dispatcher/settings.js';
import { consumerFault, consumerFaultName, deliveryVerdict } from '../../src/kafka/codes.js';
import type { Commits, CommitsEvents, CommittedOffset, TopicOffset } from '../../src/ports/commits.js';
import type { Group, GroupEvents } from '../../src/ports/group.js';
import type { Logger } from '../../src/ports/logger.js';
import type { Sink, SinkEvents } from '../../src/ports/sink.js';
import type {
  AssignedPartition,
  ChosenOffset,
  EndOffset,
  LostRange,
  OpenedPartition,
  Source,
  SourceEvents,
  Trouble,
} from '../../src/ports/source.js';
import type { Throttle } from '../../src/ports/throttle.js';
import {
  NOTHING_ANSWERED,
  type TransformPool,
  type TransformResult,
  type TransformTask,
} from '../../src/ports/transform-pool.js';
import { readInputBatch } from '../../src/wire/input-batch.js';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import { OutputFlag, OutputHeader } from '../../src/wire/layout.js';
import { writeIdentity } from '../../src/wire/output-writer.js';
import { Random } from '../support/fakes/random.js';
import { VirtualClock } from '../support/fakes/virtual-clock.js';
import { addFault } from '../wire/input-fault.js';

export const partition = (id: number): AssignedPartition => ({ partitionId: id, topic: 'in', partition: id });

/** Answers as the test says, and records its calls. */
export class ScriptedSource implements Source {
  events: SourceEvents | undefined;
  readonly offered: Block[] = [];
  /** The record limits of the offered blocks, in order. */
  readonly asked: number[] = [];
  readonly opened = new Map<number, OpenedPartition>();
  readonly calls: string[] = [];
  parked = false;
  held = 0;
  starting: Promise<void> = Promise.resolve();
  ends: Promise<readonly EndOffset[]> = Promise.resolve([]);
  /** What is found by later questions; empty: nothing is known. */
  endsLater: readonly EndOffset[] = [];
  /** The out-of-range policy is to stop. */
  lossError: Error | undefined;
  askPositions: (partitions: readonly AssignedPartition[]) => Promise<readonly CommittedOffset[]> = (
    partitions,
  ) => Promise.resolve(partitions.map(({ partitionId }) => ({ partitionId, offset: 0 })));
  /** Called before the reader parks: a batch that it has begun is delivered now. */
  onPark: () => void = () => undefined;
  onStop: () => void = () => undefined;
  /** The current trouble with the brokers. */
  troubled: Trouble | undefined;

  async start(events: SourceEvents): Promise<void> {
    this.events = events;
    await this.starting;
  }
  trouble(): Trouble | undefined {
    return this.troubled;
  }
  verdict({ code }: Fault): { readonly kind: ReadFault; readonly name: string } {
    return { kind: consumerFault(code), name: consumerFaultName(code) };
  }
  offer(block: Block, recordsMax: number): void {
    this.offered.push(block);
    this.asked.push(recordsMax);
  }
  reclaim(): readonly Block[] {
    if (!this.parked) throw new Error('reclaim while not parked');
    return this.offered.splice(0);
  }
  park(): Promise<void> {
    this.onPark();
    this.parked = true;
    return Promise.resolve();
  }
  unpark(): void {
    this.parked = false;
  }
  heldRecords(): number {
    return this.held;
  }
  positions(partitions: readonly AssignedPartition[]): Promise<readonly CommittedOffset[]> {
    return this.askPositions(partitions);
  }
  positionAfterOutOfRange(): Promise<ChosenOffset> {
    return Promise.resolve({ offset: 100, isFirstStart: false });
  }
  open(partitions: readonly OpenedPartition[]): void {
    this.calls.push(`open ${partitions.map((one) => `${one.partitionId}@${one.offset}`).join(' ')}`);
    for (const one of partitions) this.opened.set(one.partitionId, one);
  }
  rest(partitions: readonly AssignedPartition[]): void {
    for (const { partitionId } of partitions) this.calls.push(`rest ${partitionId}`);
  }
  halt(partitions: readonly AssignedPartition[]): void {
    for (const { partitionId } of partitions) this.calls.push(`halt ${partitionId}`);
  }
  seek(one: OpenedPartition): Promise<void> {
    this.calls.push(`seek ${one.partitionId}@${one.offset} epoch ${one.epoch}`);
    this.opened.set(one.partitionId, one);
    return Promise.resolve();
  }
  endsNow(): Promise<readonly EndOffset[]> {
    return Promise.resolve(this.endsLater);
  }

  acceptLoss({ topic, partition, from, to }: LostRange): void {
    this.calls.push(`accept loss ${topic}[${partition}] [${from}, ${to})`);
    if (this.lossError !== undefined) throw this.lossError;
  }

  endOffsets(): Promise<readonly EndOffset[]> {
    return this.ends;
  }
  stop(): Promise<void> {
    this.calls.push('stop');
    this.onStop();
    return Promise.resolve();
  }
}

export class ScriptedGroup implements Group {
  events: GroupEvents | undefined;
  private readonly source: ScriptedSource;

  constructor(source: ScriptedSource) {
    this.source = source;
  }
  listen(events: GroupEvents): void {
    this.events = events;
  }
  close(partitions: readonly AssignedPartition[]): void {
    this.source.calls.push(`close ${partitions.map((one) => one.partitionId).join(' ')}`);
    for (const one of partitions) this.source.opened.delete(one.partitionId);
  }
}

export class ScriptedCommits implements Commits {
  events: CommitsEvents | undefined;
  readonly stored = new Map<number, number>();
  /** What the group has committed. */
  committed: readonly TopicOffset[] = [];
  storeFails: Error | undefined;
  /** Whether the last commit is confirmed. */
  confirms = true;

  listen(events: CommitsEvents): void {
    this.events = events;
  }
  store(offsets: readonly CommittedOffset[]): void {
    if (this.storeFails !== undefined) throw this.storeFails;
    for (const { partitionId, offset } of offsets) this.stored.set(partitionId, offset);
  }
  committedOffsets(): Promise<readonly TopicOffset[]> {
    return Promise.resolve(this.committed);
  }
  /** The last commit, while the source stops. */
  end(): void {
    if (this.confirms)
      this.events?.committed([...this.stored].map(([partitionId, offset]) => ({ partitionId, offset })));
  }
}

interface Written {
  readonly batchId: number;
  readonly part: number;
  readonly rows: number;
}

export class ScriptedSink implements Sink {
  events: SinkEvents | undefined;
  readonly written: Written[] = [];
  purged = false;

  start(events: SinkEvents): Promise<void> {
    this.events = events;
    return Promise.resolve();
  }
  topic(name: string): Promise<{ name: string; number: number; partitionCount: number }> {
    return Promise.resolve({ name, number: name === 'out' ? 0 : 1, partitionCount: 4 });
  }
  write(batchId: number, part: number, _input: Block, output: Block): void {
    const view = new DataView(output.bytes.buffer, output.bytes.byteOffset, output.bytes.byteLength);
    const isIdentity = (view.getUint32(OutputHeader.flags, true) & OutputFlag.identity) !== 0;
    const rows = view.getUint32(isIdentity ? OutputHeader.sourceRowCount : OutputHeader.rowCount, true);
    this.written.push({ batchId, part, rows });
  }
  purge(): void {
    this.purged = true;
    for (const one of this.written.splice(0)) this.answer(one, -152);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Answers the oldest part: acknowledged, or, from row `firstRefused` on, refused with a code, as brokers
   * do.
   */
  settle(code?: number, words?: string, firstRefused = 0): void {
    const one = this.written.shift();
    if (one === undefined) throw new Error('nothing was written');
    this.answer(one, code, words, firstRefused);
  }

  private answer(
    { batchId, part, rows }: Written,
    code: number | undefined,
    words?: string,
    firstRefused = 0,
  ): void {
    const failures =
      code === undefined
        ? []
        : Array.from({ length: rows - firstRefused }, (_, n) => ({
            part,
            outputRow: firstRefused + n,
            ...deliveryVerdict(code, words !== undefined),
            ...(words === undefined ? {} : { words }),
          }));
    this.events?.settled({ batchId, part, acknowledged: rows - failures.length, failures, stale: 0 });
  }
}

/** Passes everything through immediately, unless a test answers otherwise. */
export class ScriptedPool implements TransformPool {
  readonly threads = 1;
  busy = 0;
  stopsSignalled = 0;
  starting: Promise<void> = Promise.resolve();
  answer: (task: TransformTask) => Promise<TransformResult> = (task) => Promise.resolve(passThrough(task));

  start(): Promise<void> {
    return this.starting;
  }
  run(task: TransformTask): Promise<TransformResult> {
    return this.answer(task);
  }
  signalStop(): void {
    this.stopsSignalled += 1;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export function passThrough(task: TransformTask): TransformResult {
  writeIdentity(task.output.bytes, task.firstRow, task.rowCount, 0);
  const { rowCount } = task;
  const emitted = [[0, rowCount]] as const;
  return { ...NOTHING_ANSWERED, rowsDone: rowCount, outputRows: rowCount, emitted, workMs: 1 };
}

export const SETTINGS: DispatcherSettings = {
  ordering: 'output',
  until: 'forever',
  blockBytes: 4096,
  blocksBytesMax: 16 * 4096,
  inFlightRecordsMax: 1000,
  inFlightBatchesMax: 6,
  batchSize: { recordsMin: 50, recordsMax: 50, workMs: 50 },
  drainTimeoutMs: 20_000,
  rebalanceDrainTimeoutMs: 2000,
  stallTimeoutMs: 60_000,
  storeIntervalMs: 250,
  outputTopics: ['out', 'dead'],
  deadLettersMaxPercent: 10,
  unknownTopic: 'reject',
};

export class Bench {
  readonly source = new ScriptedSource();
  readonly group = new ScriptedGroup(this.source);
  readonly commits = new ScriptedCommits();
  readonly sink = new ScriptedSink();
  readonly pool = new ScriptedPool();
  readonly clock = new VirtualClock(new Random(1));
  readonly lines: {
    readonly level: string;
    readonly message: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[] = [];
  readonly dispatcher: Dispatcher;
  report: RunReport | undefined;
  private running: Promise<void> | undefined;

  constructor(settings: Partial<DispatcherSettings> = {}, hasGroup = true, throttle?: Throttle) {
    const line =
      (level: string): Logger['info'] =>
      (message, fields = {}) =>
        void this.lines.push({ level, message, fields });
    const logger: Logger = {
      error: line('error'),
      warn: line('warn'),
      info: line('info'),
      debug: line('debug'),
    };
    const { source, group, commits, sink, pool, clock } = this;
    source.onStop = (): void => commits.end();
    const createBlock = (bytes: number, id: number): Block => ({ id, bytes: new Uint8Array(bytes) });
    this.dispatcher = new Dispatcher(
      {
        source,
        ...(hasGroup ? { group } : {}),
        commits,
        sink,
        pool,
        clock,
        logger,
        createBlock,
        describe: partition,
        ...(throttle === undefined ? {} : { throttle }),
      },
      { ...SETTINGS, ...settings },
    );
  }

  /** Starts the run and assigns the partitions. */
  async start(...ids: readonly number[]): Promise<void> {
    this.run();
    await this.settle();
    if (ids.length > 0) await this.assign(...ids);
  }

  run(): void {
    this.running = this.dispatcher.run().then((report) => void (this.report = report));
  }

  async assign(...ids: readonly number[]): Promise<void> {
    this.source.events?.assigned(ids.map(partition));
    await this.settle();
  }

  /** Fills the oldest offered block. */
  deliver(
    id: number,
    from: number,
    to: number,
    more: { readonly fault?: number; readonly epoch?: number } = {},
  ): void {
    const block = this.source.offered.shift();
    if (block === undefined) throw new Error('no block is offered');
    const writer = new InputBatchWriter(block.bytes);
    const epoch = more.epoch ?? this.source.opened.get(id)?.epoch ?? 1;
    for (let offset = from; offset < to; offset += 1)
      writer.add(id, epoch, { offset, timestamp: 0, key: null, value: null });
    writer.close();
    if (more.fault !== undefined)
      addFault(block.bytes, { partitionId: id, epoch, offset: to, code: more.fault, text: 'planted' });
    this.source.events?.batch(readInputBatch(block));
  }

  progress(id: number, nextOffset: number, highOffset = nextOffset): void {
    this.source.events?.progress([
      { partitionId: id, nextOffset, fetchQueueRecords: 0, endOffset: nextOffset, highOffset },
    ]);
  }

  /** Lets everything happen that can happen. */
  async settle(): Promise<void> {
    for (let n = 0; n < 5; n += 1) await turn();
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    this.clock.after(ms, () => undefined);
    while (this.clock.nowMs() < untilMs && this.clock.step()) await this.settle();
  }

  /** Lets time pass until the run has ended. */
  async end(): Promise<RunReport> {
    for (let n = 0; n < 2000; n += 1) {
      await this.settle();
      if (this.isOver() || !this.clock.step()) break;
    }
    const { report } = this;
    if (report === undefined) throw new Error('the run does not end');
    await this.running;
    return report;
  }

  private isOver(): boolean {
    return this.report !== undefined;
  }

  warnings(text: string): number {
    return this.lines.filter(({ message }) => message.includes(text)).length;
  }
}
