import type { InputBatch, PartitionId } from '../../src/core/batch.js';
import {
  DAMAGE_TIMES,
  indexAt,
  type LogChange,
  type PartitionLog,
  visibleEnd,
} from '../support/fakes/log.js';
import type { Place, SentRow, SinkObserver } from '../support/fakes/sink/parts.js';
import type { FakeGroup, GroupObserver } from '../support/fakes/source/fake-group.js';
import type { SourceObserver } from '../support/fakes/source/fake-partitions.js';

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
  /** What was read of it since it was opened or read again: from here, and below. */
  readFrom: number;
  readTo: number;
  /** Its end when a policy moved us into it. */
  enteredTo: number | undefined;
}

/**
 * An independent account of a run, kept only from what the fakes observe, and checked at every entry. Keeps
 * the first violation of a law.
 */
export class Ledger implements GroupObserver, SourceObserver, SinkObserver {
  readonly pages = new Map<PartitionLog, Page>();
  private readonly group: FakeGroup;
  /** Whether first deliveries must be in order. */
  private readonly ordered: boolean;
  /** Records emitted to these topics are rejected. */
  private readonly missingTopics: ReadonlySet<string>;
  private first: string | undefined;
  recordsDelivered = 0;
  acknowledged = 0;
  handOvers = 0;
  commitsOfOurs = 0;
  /** A delivery failed: what was read may be dropped and read again. */
  private hasFailures = false;
  /** Partitions whose topic was deleted, after the dispatcher was notified of it. */
  private readonly noticedIds = new Set<PartitionId>();
  /** Partitions whose log changed and which were opened again after the change. */
  private readonly entered = new Set<PartitionId>();
  /** Those of them in which this member has committed since. */
  readonly committedAfter = new Set<PartitionId>();

  constructor(
    logs: readonly PartitionLog[],
    group: FakeGroup,
    laws: { readonly ordered: boolean; readonly missingTopics: readonly string[] },
  ) {
    this.group = group;
    this.ordered = laws.ordered;
    this.missingTopics = new Set(laws.missingTopics);
    for (const log of logs) this.pages.set(log, pageOf(log));
  }

  get breach(): string | undefined {
    return this.first;
  }

  violation(what: string): void {
    this.first ??= what;
  }

  delivered(batch: InputBatch): void {
    this.recordsDelivered += batch.rowCount;
    for (const { partitionId, epoch, firstOffset, lastOffset } of batch.segments) {
      const page = this.pageAt({ id: partitionId, epoch, offset: firstOffset });
      page.readFrom = Math.min(page.readFrom, firstOffset);
      page.readTo = lastOffset + 1;
    }
  }

  /** Its first records are those that it had before. */
  changed(log: PartitionLog, kind: LogChange['kind']): void {
    const before = this.group.partition(log.id).switched?.before;
    if (kind === 'new-topic' || before === undefined) return;
    const [from, to] = [this.page(before), this.page(log)];
    for (const [index, record] of log.records.entries()) {
      if (before.records[index] !== record) break;
      to.done[index] = from.done[index] ?? 0;
      to.handedOver[index] = from.handedOver[index] ?? 0;
      to.delivered[index] = from.delivered[index] ?? 0;
    }
  }

  noticed(id: PartitionId): void {
    this.noticedIds.add(id);
  }

  positioned(id: PartitionId, how: 'opened' | 'moved' | 'again', askedMs: number): void {
    const { log, switched, isStale } = this.group.partition(id);
    if (how === 'moved' && switched !== undefined && this.noticedIds.has(id) && !this.hasFailures)
      this.mustBeReadThrough(this.page(switched.before), switched.offset);
    if (how !== 'again') this.noticedIds.delete(id);
    for (const one of switched === undefined ? [log] : [log, switched.before]) {
      this.page(one).readFrom = Number.POSITIVE_INFINITY;
      this.page(one).readTo = 0;
    }
    if (how === 'again' || switched === undefined || isStale) return;
    if (how === 'moved') this.page(log).enteredTo = visibleEnd(log, askedMs);
    this.entered.add(id);
    // The order begins again: what follows may lie before what was read of it by the old positions.
    this.page(log).lastHandedOver = -1;
  }

  /** What was read of a topic that is gone can't be read again. */
  private mustBeReadThrough({ log, done, readFrom, readTo }: Page, end: number): void {
    for (let index = indexAt(log, readFrom); index < log.records.length; index += 1) {
      const offset = log.records[index]?.offset ?? end;
      if (offset >= Math.min(readTo, end)) return;
      if (done[index] === 0)
        this.violation(`partition ${log.id}: offset ${offset} of the topic before was read, but not settled`);
    }
  }

  /** The out-of-range policy skips these records on purpose. */
  skipped(id: PartitionId, below: number): void {
    const page = this.page(this.group.partition(id).log);
    page.skippedTo = indexAt(page.log, below);
    page.done.fill(1, 0, page.skippedTo);
  }

  /** A stored offset may be committed at any moment, so it must be safe already. */
  stored(id: PartitionId, offset: number): void {
    const epoch = this.group.epochs.get(id) ?? 0;
    const page = this.pageAt({ id, epoch, offset: offset - 1 });
    if (this.noticedIds.has(id) && this.group.partition(id).isStale)
      this.violation(`partition ${id}: offset ${offset} of the topic before is stored for the new one`);
    if (page.storedEpoch === epoch && offset < page.stored)
      this.violation(`partition ${id}: offset ${offset} stored after ${page.stored}`);
    page.stored = offset;
    page.storedEpoch = epoch;
    const { log, isStale, owner } = this.group.partition(id);
    // The group refuses the commit of a partition that it gave away.
    if (owner !== 'us') return;
    // Into a changed log nobody knows of yet it may lead anywhere.
    if (page.log !== log || !isStale) this.mustBeDone(page, offset, 'stored');
  }

  committed(log: PartitionLog, offset: number, by: 'us' | 'other'): void {
    if (by === 'us') this.commitsOfOurs += 1;
    if (by === 'us' && this.entered.has(log.id)) this.committedAfter.add(log.id);
    if (this.group.partition(log.id).isStale) {
      if (this.noticedIds.has(log.id) && offset > 0)
        this.violation(
          `partition ${log.id}: offset ${offset} of the topic before was committed in the new one`,
        );
      return;
    }
    this.mustBeDone(this.page(log), offset, by === 'us' ? 'committed' : 'committed by the other member');
  }

  /** A run that began now would begin at what is committed. */
  mustBeRestartable(): void {
    for (const { log, committed, isStale } of this.group.partitions.values()) {
      if (isStale || committed < 0) continue;
      const undone = this.firstUndone(log, committed);
      if (undone !== undefined)
        this.violation(
          `partition ${log.id}: a restart would begin at ${committed}, although ${undone} is not settled`,
        );
    }
  }

  processedByOther(log: PartitionLog, offset: number): void {
    this.page(log).done[indexAt(log, offset)] = 1;
  }

  handedOver(row: SentRow): void {
    this.handOvers += 1;
    const page = this.pageAt(row);
    const index = this.index(page, row.offset);
    if (this.group.epochs.get(row.id) !== row.epoch)
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
    answered: readonly Place[],
    acknowledged: readonly SentRow[],
    undelivered: readonly SentRow[],
  ): void {
    this.acknowledged += acknowledged.length;
    for (const row of acknowledged) {
      const page = this.pageAt(row);
      const index = this.index(page, row.offset);
      if (row.deadLetter) this.mustBeGuilty(page, index);
      page.delivered[index] = Math.min(255, (page.delivered[index] ?? 0) + 1);
    }
    if (undelivered.some(({ stale }) => !stale)) this.hasFailures = true;
    for (const place of answered) {
      if (undelivered.some((row) => row.id === place.id && row.offset === place.offset)) continue;
      const page = this.pageAt(place);
      this.markDone(page, this.index(page, place.offset));
    }
  }

  /** No record may become a dead letter because of others. */
  private mustBeGuilty({ log }: Page, index: number): void {
    // What a broker said of a topic is taken for the next one's until someone knows.
    if (this.group.partition(log.id).isStale && !this.noticedIds.has(log.id)) return;
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

  /** The first record below `offset` whose outcome is not safe. */
  firstUndone(log: PartitionLog, offset: number): number | undefined {
    const page = this.page(log);
    while (page.doneTo < page.done.length && page.done[page.doneTo] === 1) page.doneTo += 1;
    const undone = page.log.records[page.doneTo]?.offset;
    return undone !== undefined && undone < offset ? undone : undefined;
  }

  private mustBeDone(page: Page, offset: number, how: string): void {
    const { log } = page;
    const undone = this.firstUndone(log, offset);
    if (undone !== undefined)
      this.violation(`partition ${log.id}: offset ${offset} ${how} although ${undone} is not settled`);
    if (offset > log.end)
      this.violation(`partition ${log.id}: offset ${offset} ${how}, behind the end ${log.end}`);
    const damage = log.faults.find((fault) => fault.timesLeft >= DAMAGE_TIMES);
    if (damage !== undefined && indexAt(log, damage.offset) >= page.skippedTo && offset > damage.offset)
      this.violation(`partition ${log.id}: offset ${offset} ${how}, behind the damage at ${damage.offset}`);
  }

  /** A log that was cut still has the records before the cut. */
  private markDone({ log, done }: Page, index: number): void {
    done[index] = 1;
    const now = this.group.partition(log.id).log;
    if (now !== log && now.records[index] === log.records[index]) this.page(now).done[index] = 1;
  }

  private pageAt({ id, epoch, offset }: Place): Page {
    return this.page(this.group.logOf(id, epoch, offset));
  }

  private page(log: PartitionLog): Page {
    const page = this.pages.get(log);
    if (page === undefined) throw new Error(`there is no such log of partition ${log.id}`);
    return page;
  }

  private index(page: Page, offset: number): number {
    const index = indexAt(page.log, offset);
    if (page.log.records[index]?.offset === offset) return index;
    this.violation(`partition ${page.log.id} has no record at offset ${offset}: a block was overwritten`);
    return 0;
  }
}

function pageOf(log: PartitionLog): Page {
  const size = log.records.length;
  return {
    log,
    done: new Uint8Array(size),
    handedOver: new Uint8Array(size),
    delivered: new Uint8Array(size),
    doneTo: 0,
    lastHandedOver: -1,
    skippedTo: 0,
    stored: -1,
    storedEpoch: 0,
    readFrom: Number.POSITIVE_INFINITY,
    readTo: 0,
    enteredTo: undefined,
  };
}
