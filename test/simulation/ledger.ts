import type { InputBatch, PartitionId } from '../../src/core/batch.js';
import type { GroupObserver } from '../support/fakes/fake-group.js';
import type { SentRow, SinkObserver } from '../support/fakes/fake-sink.js';
import type { SourceObserver } from '../support/fakes/fake-source.js';
import { DAMAGE_TIMES, indexAt, type PartitionLog } from '../support/fakes/log.js';

interface Page {
  readonly log: PartitionLog;
  /** By index of the record: true once its outcome is safe (acknowledged, or nothing to deliver). */
  readonly done: Uint8Array;
  readonly handedOver: Uint8Array;
  readonly delivered: Uint8Array;
  /** Every record below this index is done. */
  doneTo: number;
  lastHandedOver: number;
  /** Records below this offset may have been skipped on purpose. */
  skippedTo: number;
  stored: number;
  storedEpoch: number;
}

/**
 * An independent account of a run, kept only from what the fakes observe, and checked at every entry. Keeps
 * the first violation of a law.
 */
export class Ledger implements GroupObserver, SourceObserver, SinkObserver {
  readonly pages = new Map<PartitionId, Page>();
  readonly epochs: ReadonlyMap<PartitionId, number>;
  /** Whether first deliveries must be in order. */
  private readonly ordered: boolean;
  /** Records emitted to these topics are rejected. */
  private readonly missingTopics: ReadonlySet<string>;
  private first: string | undefined;
  recordsDelivered = 0;
  acknowledged = 0;
  handOvers = 0;
  commitsOfOurs = 0;

  constructor(
    logs: readonly PartitionLog[],
    epochs: ReadonlyMap<PartitionId, number>,
    laws: { readonly ordered: boolean; readonly missingTopics: readonly string[] },
  ) {
    this.epochs = epochs;
    this.ordered = laws.ordered;
    this.missingTopics = new Set(laws.missingTopics);
    for (const log of logs) {
      const size = log.records.length;
      this.pages.set(log.id, {
        log,
        done: new Uint8Array(size),
        handedOver: new Uint8Array(size),
        delivered: new Uint8Array(size),
        doneTo: 0,
        lastHandedOver: -1,
        skippedTo: 0,
        stored: -1,
        storedEpoch: 0,
      });
    }
  }

  get breach(): string | undefined {
    return this.first;
  }

  violation(what: string): void {
    this.first ??= what;
  }

  delivered(batch: InputBatch): void {
    this.recordsDelivered += batch.rowCount;
  }

  /** The out-of-range policy skips these records on purpose. */
  skipped(id: PartitionId, below: number): void {
    const page = this.page(id);
    page.skippedTo = indexAt(page.log, below);
    page.done.fill(1, 0, page.skippedTo);
  }

  /** A stored offset may be committed at any moment, so it must be safe already. */
  stored(id: PartitionId, offset: number): void {
    const page = this.page(id);
    const epoch = this.epochs.get(id) ?? 0;
    if (page.storedEpoch === epoch && offset < page.stored)
      this.violation(`partition ${id}: offset ${offset} stored after ${page.stored}`);
    page.stored = offset;
    page.storedEpoch = epoch;
    this.mustBeDone(page, offset, 'stored');
  }

  committed(log: PartitionLog, offset: number, by: 'us' | 'other'): void {
    if (by === 'us') this.commitsOfOurs += 1;
    this.mustBeDone(this.page(log.id), offset, by === 'us' ? 'committed' : 'committed by the other member');
  }

  processedByOther(log: PartitionLog, offset: number): void {
    this.page(log.id).done[indexAt(log, offset)] = 1;
  }

  handedOver(row: SentRow): void {
    this.handOvers += 1;
    const page = this.page(row.id);
    const index = this.index(page, row.offset);
    if (this.epochs.get(row.id) !== row.epoch)
      this.violation(
        `partition ${row.id}, offset ${row.offset}: handed over under epoch ${row.epoch}, which has ended`,
      );
    if (row.deadLetter) return;
    if (this.ordered && page.handedOver[index] === 0 && index < page.lastHandedOver) {
      const after = page.log.records[page.lastHandedOver]?.offset;
      this.violation(
        `partition ${row.id}: offset ${row.offset} was handed over for the first time after offset ${after}`,
      );
    }
    page.handedOver[index] = 1;
    page.lastHandedOver = Math.max(page.lastHandedOver, index);
  }

  settled(
    answered: readonly { readonly id: PartitionId; readonly offset: number }[],
    acknowledged: readonly SentRow[],
    undelivered: readonly SentRow[],
  ): void {
    this.acknowledged += acknowledged.length;
    for (const row of acknowledged) {
      const page = this.page(row.id);
      const index = this.index(page, row.offset);
      if (row.deadLetter) this.mustBeGuilty(page, index);
      page.delivered[index] = Math.min(255, (page.delivered[index] ?? 0) + 1);
    }
    for (const { id, offset } of answered) {
      if (undelivered.some((row) => row.id === id && row.offset === offset)) continue;
      const page = this.page(id);
      page.done[this.index(page, offset)] = 1;
    }
  }

  /** No record may become a dead letter because of others. */
  private mustBeGuilty({ log }: Page, index: number): void {
    const record = log.records[index];
    const { fate } = record ?? {};
    const guilty =
      fate !== undefined &&
      (['reject', 'kill', 'refused'].includes(fate.kind) ||
        (fate.kind === 'emit' && fate.topic !== undefined && this.missingTopics.has(fate.topic)));
    if (!guilty)
      this.violation(
        `partition ${log.id}, offset ${record?.offset}: an innocent record became a dead letter`,
      );
  }

  /** Acknowledged records at or after an offset, which may come again. */
  acknowledgedFrom(id: PartitionId, offset: number): number[] {
    const { log, delivered } = this.page(id);
    const offsets: number[] = [];
    for (let index = indexAt(log, offset); index < log.records.length; index += 1)
      if ((delivered[index] ?? 0) > 0) offsets.push(log.records[index]?.offset ?? -1);
    return offsets;
  }

  /** The first record below `offset` whose outcome is not safe. */
  firstUndone(id: PartitionId, offset: number): number | undefined {
    const page = this.page(id);
    while (page.doneTo < page.done.length && page.done[page.doneTo] === 1) page.doneTo += 1;
    const undone = page.log.records[page.doneTo]?.offset;
    return undone !== undefined && undone < offset ? undone : undefined;
  }

  private mustBeDone(page: Page, offset: number, how: string): void {
    const { log } = page;
    const undone = this.firstUndone(log.id, offset);
    if (undone !== undefined)
      this.violation(`partition ${log.id}: offset ${offset} ${how} although ${undone} is not settled`);
    if (offset > log.end)
      this.violation(`partition ${log.id}: offset ${offset} ${how}, behind the end ${log.end}`);
    const damage = log.faults.find((fault) => fault.timesLeft >= DAMAGE_TIMES);
    if (damage !== undefined && indexAt(log, damage.offset) >= page.skippedTo && offset > damage.offset)
      this.violation(`partition ${log.id}: offset ${offset} ${how}, behind the damage at ${damage.offset}`);
  }

  private page(id: PartitionId): Page {
    const page = this.pages.get(id);
    if (page === undefined) throw new Error(`there is no partition ${id}`);
    return page;
  }

  private index(page: Page, offset: number): number {
    const index = indexAt(page.log, offset);
    if (page.log.records[index]?.offset === offset) return index;
    this.violation(`partition ${page.log.id} has no record at offset ${offset}: a block was overwritten`);
    return 0;
  }
}
