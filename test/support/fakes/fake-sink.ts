import type { BatchId, Block, PartitionId, Segment } from '../../../src/core/batch.js';
import { DispatcherError } from '../../../src/core/errors.js';
import { deliveryVerdict } from '../../../src/kafka/codes.js';
import type { DeliveryFailure, OutputTopic, Sink, SinkEvents } from '../../../src/ports/sink.js';
import { readInputBatch } from '../../../src/wire/input-batch.js';
import { Outcome, RowFlag } from '../../../src/wire/layout.js';
import { OutputBatchReader } from '../output-reader.js';
import type { BlockHolders } from './block-holders.js';
import type { FakeGroup } from './fake-group.js';
import { offsetOfRow, segmentOf } from './fake-pool.js';
import type { FateOf } from './log.js';
import type { Random } from './random.js';
import type { VirtualClock } from './virtual-clock.js';

/** While it lasts, every row for the topic fails. */
export interface TopicOutage {
  readonly topic: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly code: number;
}

export interface FakeSinkSettings {
  readonly handOverMaxMs: number;
  readonly ackMaxMs: number;
  readonly topics: readonly OutputTopic[];
  readonly outages: readonly TopicOutage[];
  readonly missingTopics: readonly string[];
  /** The producer fails for good after this many parts; undefined: never. */
  readonly fatalAfterParts: number | undefined;
  /** The dead-letter topic refuses offsets that are divisible by this number. */
  readonly deadLettersRefusedModulo: number | undefined;
  /** A writer that ignores epochs, to prove that a checker notices. */
  readonly ignoresEpochs?: boolean;
}

/** A source row as it was read. */
export type Place = Pick<SentRow, 'id' | 'epoch' | 'offset'>;

/** A row in flight: what a checker must know of it. */
export interface SentRow {
  readonly id: PartitionId;
  readonly epoch: number;
  readonly offset: number;
  readonly topic: string;
  readonly deadLetter: boolean;
  /** The topic has no such partition, so the row is refused before it is sent. */
  readonly nowhere: boolean;
  /** Its epoch was over when it was handed over. */
  readonly stale: boolean;
}

export interface SinkObserver {
  handedOver(row: SentRow): void;
  /**
   * The part is settled; `answered` are the source rows that it answers, including those without output rows.
   */
  settled(
    answered: readonly Place[],
    acknowledged: readonly SentRow[],
    undelivered: readonly SentRow[],
  ): void;
  violation(what: string): void;
}

type PartRow = SentRow & { readonly outputRow: number };

/** Rows that the brokers accept or refuse as a whole; they may belong to several parts. */
interface MessageSet {
  readonly rows: { readonly part: Part; readonly row: PartRow }[];
}

interface Part {
  readonly batchId: BatchId;
  readonly part: number;
  readonly input: Block;
  readonly output: Block;
  /** Set when the part is read to be sent. */
  rows: readonly PartRow[] | undefined;
  /** Rows in flight, in a message set. */
  readonly pending: Set<PartRow>;
  readonly failures: DeliveryFailure[];
  readonly failed: Set<PartRow>;
  answered: readonly Place[];
  over: boolean;
}

const NO_PARTITION = -10_004;
const TOO_LARGE_ALONE = -10_003;
const INVALID_RECORD = 87;
const BYSTANDER = -138;
const TOO_LARGE = 10;
const PURGED_IN_QUEUE = -152;
const PURGED_IN_FLIGHT = -151;

/**
 * A row that fails alone, and the reason; `words` only if the broker said something about this very record.
 */
interface Refusal {
  readonly code: number;
  readonly words?: string;
}

/** A producer and its brokers: parts are sent in the order of the calls and acknowledged in any order. */
export class FakeSink implements Sink {
  private readonly world: { clock: VirtualClock; random: Random; holders: BlockHolders; group: FakeGroup };
  private readonly settings: FakeSinkSettings;
  private readonly fateOf: FateOf;
  private readonly observer: SinkObserver;
  private events: SinkEvents | undefined;
  private readonly byName = new Map<string, OutputTopic>();
  private readonly waiting: Part[] = [];
  /** The message set that the next rows of a topic join. */
  private readonly open = new Map<string, MessageSet>();
  private readonly inFlight = new Set<Part>();
  private handing = false;
  private partsHandedOver = 0;
  private outstanding = 0;
  private closing = false;
  private closed = false;

  constructor(
    world: { clock: VirtualClock; random: Random; holders: BlockHolders; group: FakeGroup },
    settings: FakeSinkSettings,
    fateOf: FateOf,
    observer: SinkObserver,
  ) {
    this.world = world;
    this.settings = settings;
    this.fateOf = fateOf;
    this.observer = observer;
    for (const topic of settings.topics) this.byName.set(topic.name, topic);
  }

  async start(events: SinkEvents): Promise<void> {
    this.events = events;
    await this.latency(20);
  }

  async topic(name: string): Promise<OutputTopic> {
    await this.latency(20);
    if (this.settings.missingTopics.includes(name))
      throw new DispatcherError('TOPIC_MISSING', `topic ${name} does not exist`);
    const known = this.byName.get(name) ?? {
      name,
      number: 1 + Math.max(0, ...[...this.byName.values()].map((topic) => topic.number)),
      partitionCount: 4,
    };
    this.byName.set(name, known);
    return known;
  }

  write(batchId: BatchId, part: number, input: Block, output: Block): void {
    if (this.closing) this.observer.violation('write after close');
    this.outstanding += 1;
    const { holders } = this.world;
    if (output.id >= 0) holders.mustBeFree(output, 'the writer');
    holders.mustBeFree(input, 'the writer', ['worker', 'writer']);
    if (output.id >= 0) holders.hold(output, 'writer');
    holders.hold(input, 'writer');
    this.waiting.push({
      batchId,
      part,
      input,
      output,
      rows: undefined,
      pending: new Set(),
      failures: [],
      failed: new Set(),
      answered: [],
      over: false,
    });
    this.handNext();
  }

  purge(): void {
    for (const part of this.waiting.splice(0)) {
      this.read(part);
      for (const row of part.rows ?? []) if (!row.stale) this.answer(part, row, { code: PURGED_IN_QUEUE });
      this.settle(part);
    }
    for (const part of this.inFlight) {
      for (const row of part.pending) this.answer(part, row, { code: PURGED_IN_FLIGHT });
      this.settle(part);
    }
  }

  /** Waits for what was written until the deadline, then gives up. */
  async close(deadlineMs: number): Promise<void> {
    this.closing = true;
    await this.latency(20);
    const untilMs = this.world.clock.nowMs() + deadlineMs / 2;
    while (this.outstanding > 0 && this.world.clock.nowMs() < untilMs) await this.latency(20);
    this.purge();
    while (this.outstanding > 0) await this.latency(5);
    this.closed = true;
  }

  private handNext(): void {
    if (this.handing || this.waiting.length === 0) return;
    this.handing = true;
    this.world.clock.after(this.world.random.int(this.settings.handOverMaxMs + 1), () => {
      this.handing = false;
      const part = this.waiting.shift();
      if (part !== undefined) this.handOver(part);
      this.handNext();
    });
  }

  private handOver(part: Part): void {
    this.read(part);
    this.partsHandedOver += 1;
    if (this.settings.fatalAfterParts !== undefined && this.partsHandedOver > this.settings.fatalAfterParts) {
      this.events?.failed(new DispatcherError('PRODUCER_FATAL', 'planted'));
    }
    this.inFlight.add(part);
    for (const row of part.rows ?? []) {
      if (row.stale) continue;
      const refusal = this.refusedUnsent(row);
      if (refusal === undefined) this.send(part, row);
      else this.answer(part, row, refusal);
    }
    this.settleWhenAnswered(part);
  }

  private send(part: Part, row: PartRow): void {
    this.observer.handedOver(row);
    part.pending.add(row);
    const set = this.open.get(row.topic);
    if (set !== undefined) {
      set.rows.push({ part, row });
      return;
    }
    const opened: MessageSet = { rows: [{ part, row }] };
    this.open.set(row.topic, opened);
    const { clock, random } = this.world;
    clock.after(random.int(this.settings.handOverMaxMs + 2), () => {
      if (this.open.get(row.topic) === opened) this.open.delete(row.topic);
      clock.after(random.int(this.settings.ackMaxMs + 1), () => this.acknowledge(opened));
    });
  }

  /** The brokers' answer to a whole message set. */
  private acknowledge({ rows }: MessageSet): void {
    const verdicts = rows.map(({ row }) => this.verdictOn(row));
    const refused = verdicts.some((verdict) => verdict !== undefined);
    const unnamed = verdicts.some((verdict) => verdict?.code === TOO_LARGE);
    rows.forEach(({ part, row }, index) => {
      // Purged in the meantime.
      if (!part.pending.has(row)) return;
      const bystander = unnamed ? TOO_LARGE : BYSTANDER;
      const refusal = this.outageOf(row) ?? verdicts[index] ?? (refused ? { code: bystander } : undefined);
      this.answer(part, row, unnamed && refusal !== undefined ? { code: refusal.code } : refusal);
    });
    for (const part of new Set(rows.map((one) => one.part))) this.settleWhenAnswered(part);
  }

  private answer(part: Part, row: PartRow, refusal: Refusal | undefined): void {
    part.pending.delete(row);
    if (refusal === undefined) return;
    const { code, words } = refusal;
    const verdict = deliveryVerdict(code, words !== undefined);
    part.failed.add(row);
    part.failures.push({
      part: part.part,
      outputRow: row.outputRow,
      ...verdict,
      ...(words === undefined ? {} : { words }),
    });
  }

  private settleWhenAnswered(part: Part): void {
    if (part.pending.size === 0) this.settle(part);
  }

  /** As the native writer does when it sends a part: reads the rows, and which of them are stale. */
  private read(part: Part): void {
    const { segments } = readInputBatch(part.input);
    const reader = new OutputBatchReader(part.output.bytes);
    const { firstSourceRow, sourceRowCount, rowCount, identityTopic } = reader.header;
    const place = (row: number): { segment: Segment; offset: number } => ({
      segment: segmentOf(segments, row),
      offset: offsetOfRow(part.input.bytes, row),
    });
    const answered = [];
    for (let row = firstSourceRow; row < firstSourceRow + sourceRowCount; row += 1) {
      if (reader.outcome(row) === Outcome.elsewhere) continue;
      const { segment, offset } = place(row);
      answered.push({ id: segment.partitionId, epoch: segment.epoch, offset });
    }
    const rows = [];
    for (let index = 0; index < (identityTopic === undefined ? rowCount : sourceRowCount); index += 1) {
      const sourceRow = reader.sourceRow(index);
      const { segment, offset } = place(sourceRow);
      const flags = identityTopic === undefined ? reader.flags(index) : 0;
      const number = reader.topic(index);
      const topic = [...this.byName.values()].find((one) => one.number === number);
      const partition = identityTopic === undefined ? reader.record(index).partition : undefined;
      rows.push({
        id: segment.partitionId,
        epoch: segment.epoch,
        offset,
        topic: topic?.name ?? '?',
        deadLetter: (flags & RowFlag.deadLetter) !== 0,
        nowhere: partition !== undefined && partition >= (topic?.partitionCount ?? 0),
        outputRow: identityTopic === undefined ? index : sourceRow,
        stale: this.isStale(segment),
      });
    }
    part.answered = answered;
    part.rows = rows;
  }

  private isStale(segment: Segment): boolean {
    return (
      this.settings.ignoresEpochs !== true &&
      this.world.group.epochs.get(segment.partitionId) !== segment.epoch
    );
  }

  private settle(part: Part): void {
    if (part.over) return;
    part.over = true;
    this.inFlight.delete(part);
    const sent = (part.rows ?? []).filter((row) => !row.stale);
    const acknowledged = sent.filter((row) => !part.failed.has(row));
    const stale = (part.rows ?? []).length - sent.length;
    this.world.clock.after(this.world.random.int(3), () => {
      // The part is read again here: if a block had been reused before it was settled, the rows would differ.
      this.outstanding -= 1;
      this.world.holders.release(part.input, 'writer');
      if (part.output.id >= 0) this.world.holders.release(part.output, 'writer');
      this.observer.settled(
        part.answered,
        acknowledged,
        (part.rows ?? []).filter((row) => row.stale || part.failed.has(row)),
      );
      if (!this.closed)
        this.events?.settled({
          batchId: part.batchId,
          part: part.part,
          acknowledged: acknowledged.length,
          failures: part.failures,
          stale,
        });
    });
  }

  private refusedUnsent(row: SentRow): Refusal | undefined {
    if (row.nowhere) return { code: NO_PARTITION };
    const fate = this.fateOf(row.id, row.epoch, row.offset);
    const alone = !row.deadLetter && fate.kind === 'refused' && fate.how === 'alone';
    return alone ? { code: TOO_LARGE_ALONE } : undefined;
  }

  private outageOf(row: SentRow): Refusal | undefined {
    const nowMs = this.world.clock.nowMs();
    return this.settings.outages.find(
      ({ topic, fromMs, toMs }) => topic === row.topic && nowMs >= fromMs && nowMs < toMs,
    );
  }

  /** The verdict on a record sent alone. */
  private verdictOn(row: SentRow): Refusal | undefined {
    if (row.deadLetter) {
      const modulo = this.settings.deadLettersRefusedModulo;
      const refused = modulo !== undefined && row.offset % modulo === 0;
      return refused
        ? { code: INVALID_RECORD, words: 'a compacted topic takes no record without a key' }
        : undefined;
    }
    const fate = this.fateOf(row.id, row.epoch, row.offset);
    if (fate.kind !== 'refused' || fate.how === 'alone') return undefined;
    return fate.how === 'named' ? { code: INVALID_RECORD, words: 'planted' } : { code: TOO_LARGE };
  }

  private latency(maxMs: number): Promise<void> {
    return new Promise((resolve) => this.world.clock.after(this.world.random.int(maxMs + 1), resolve));
  }
}
