import type { BatchId, Block, Segment } from '../../../../src/core/batch.js';
import { DispatcherError } from '../../../../src/core/errors.js';
import { deliveryVerdict } from '../../../../src/kafka/codes.js';
import type { OutputTopic, Sink, SinkEvents } from '../../../../src/ports/sink.js';
import type { FakeWorld } from '../fake-world.js';
import type { FateOf } from '../log.js';
import { type BrokerSettings, FakeBrokers, type Refusal } from './fake-brokers.js';
import { newPart, type Part, type PartRow, readPart, type SinkObserver } from './parts.js';

export interface FakeSinkSettings extends BrokerSettings {
  readonly topics: readonly OutputTopic[];
  readonly missingTopics: readonly string[];
  /** The producer fails for good after this many parts; undefined: never. */
  readonly fatalAfterParts: number | undefined;
  /** A writer that ignores epochs, to prove that a checker notices. */
  readonly ignoresEpochs?: boolean;
}

const PURGED_IN_QUEUE = -152;
const PURGED_IN_FLIGHT = -151;

/** A producer: parts are sent in the order of the calls and settled in any order. */
export class FakeSink implements Sink {
  private readonly world: FakeWorld;
  private readonly settings: FakeSinkSettings;
  private readonly brokers: FakeBrokers;
  private readonly observer: SinkObserver;
  private events: SinkEvents | undefined;
  private readonly byName = new Map<string, OutputTopic>();
  private readonly waiting: Part[] = [];
  private readonly inFlight = new Set<Part>();
  private handing = false;
  private partsHandedOver = 0;
  private outstanding = 0;
  private closing = false;
  private closed = false;

  constructor(world: FakeWorld, settings: FakeSinkSettings, fateOf: FateOf, observer: SinkObserver) {
    this.world = world;
    this.settings = settings;
    this.observer = observer;
    this.brokers = new FakeBrokers(world, settings, fateOf, {
      answered: (part, row, refusal) => this.answer(part, row, refusal),
      maybeSettled: (part) => this.settleWhenAnswered(part),
    });
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
    this.waiting.push(newPart(batchId, part, input, output));
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
      const refusal = this.brokers.refusedUnsent(row);
      if (refusal === undefined) this.send(part, row);
      else this.answer(part, row, refusal);
    }
    this.settleWhenAnswered(part);
  }

  private send(part: Part, row: PartRow): void {
    this.observer.handedOver(row);
    part.pending.add(row);
    this.brokers.send(part, row);
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

  private read(part: Part): void {
    readPart(part, [...this.byName.values()], (segment) => this.isStale(segment));
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

  private latency(maxMs: number): Promise<void> {
    return new Promise((resolve) => this.world.clock.after(this.world.random.int(maxMs + 1), resolve));
  }
}
