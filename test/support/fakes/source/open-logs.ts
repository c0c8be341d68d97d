import type { Epoch, PartitionId } from '../../../../src/core/batch.js';
import type { PartitionProgress } from '../../../../src/ports/source.js';
import { indexAt, type LogRecord, type PartitionLog, visibleEnd } from '../log.js';
import type { Random } from '../random.js';
import type { VirtualClock } from '../virtual-clock.js';
import type { FakeGroup } from './fake-group.js';

export interface ReadFrom {
  readonly epoch: Epoch;
  readonly offset: number;
  /** Where the start is undecided: fetched behind the end of any log. */
  readonly isBeyond: boolean;
  /** Infinity: no limit. */
  readonly until: number;
}

export interface OpenLog {
  log: PartitionLog;
  readonly epoch: Epoch;
  next: number;
  /** The log as it is by now: records below `fromOffset` had been fetched before it changed. */
  changed: { readonly log: PartitionLog; readonly fromOffset: number } | undefined;
  /** The brokers have no such offset (any more). */
  isOutside: boolean;
  readonly isBeyond: boolean;
  /** Records at or after this offset are not read. */
  readonly until: number;
  /** A fault was delivered, or the partition was halted: nothing more until the next seek. */
  broken: boolean;
}

const OUT_OF_RANGE = -140;
const LIMIT_REACHED = -10_008;

/** The logs that a reader is at, and what can be read of each at this moment. */
export class OpenLogs {
  private readonly clock: VirtualClock;
  private readonly random: Random;
  private readonly group: FakeGroup;
  private readonly open = new Map<PartitionId, OpenLog>();

  constructor(world: { clock: VirtualClock; random: Random; group: FakeGroup }) {
    this.clock = world.clock;
    this.random = world.random;
    this.group = world.group;
  }

  seek(log: PartitionLog, { epoch, offset, isBeyond, until }: ReadFrom): void {
    const isOutside = isBeyond || this.isOutside(log, offset);
    const one = { log, epoch, next: offset, changed: undefined, isOutside, isBeyond, until, broken: false };
    this.open.set(log.id, one);
  }

  close(id: PartitionId): void {
    this.open.delete(id);
  }

  halt(id: PartitionId): void {
    const one = this.open.get(id);
    if (one !== undefined) one.broken = true;
  }

  /** Where what was fetched of the log before ends; undefined: it is not open. */
  change(log: PartitionLog, mayHaveFetched: boolean): number | undefined {
    const one = this.open.get(log.id);
    if (one === undefined) return undefined;
    const from = indexAt(one.log, one.next);
    const visible = this.visibleTo(one.log, from);
    const to = mayHaveFetched ? this.random.between(from, visible) : from;
    // Past the last record a fetch goes on to the end: control records are of no interest.
    const fromOffset =
      to === visible
        ? Math.max(one.next, visibleEnd(one.log, this.clock.nowMs()))
        : (one.log.records[to]?.offset ?? one.next);
    one.changed = { log, fromOffset };
    this.goOn(one);
    return fromOffset;
  }

  /** What librdkafka's statistics could report: any offset between what was read and what exists. */
  progress(id: PartitionId): Omit<PartitionProgress, 'partitionId'> | undefined {
    const one = this.open.get(id);
    if (one === undefined || !this.isLed(one) || one.isBeyond) return undefined;
    const from = indexAt(one.log, one.next);
    const to = this.visibleTo(one.log, from);
    const endOffset = visibleEnd(one.log, this.clock.nowMs());
    // After an error librdkafka's positions are arbitrary.
    if (one.broken)
      return { nextOffset: one.next + 1000, fetchQueueRecords: 0, endOffset, highOffset: endOffset };
    const fetched = this.random.chance(0.7) ? to : this.random.between(from, to);
    const nextOffset =
      fetched === to ? Math.max(endOffset, one.next) : (one.log.records[fetched]?.offset ?? endOffset);
    return { nextOffset, fetchQueueRecords: fetched - from, endOffset, highOffset: endOffset };
  }

  /** When the next record or fault of an open partition can be read. */
  nextAvailableMs(): number | undefined {
    let best: number | undefined;
    for (const one of this.open.values()) {
      if (one.broken) continue;
      const record = one.log.records[indexAt(one.log, one.next)];
      const wantedMs = faultAt(one, record, this.clock.nowMs()) === undefined ? record?.availableAtMs : 0;
      if (wantedMs === undefined) continue;
      const atMs = this.isLed(one) ? wantedMs : this.group.leaderAtMs(one.log.id, this.clock.nowMs());
      if (atMs < Number.POSITIVE_INFINITY && (best === undefined || atMs < best)) best = atMs;
    }
    return best;
  }

  /** Those with a record or a fault that can be read now. */
  readable(): OpenLog[] {
    return [...this.open.values()].filter((one) => !one.broken && this.isReadable(one));
  }

  /** The record was read. */
  passed(one: OpenLog, record: LogRecord): void {
    one.next = record.offset + 1;
    this.goOn(one);
  }

  private isReadable(one: OpenLog): boolean {
    if (!this.isLed(one)) return false;
    const record = one.log.records[indexAt(one.log, one.next)];
    return (
      faultAt(one, record, this.clock.nowMs()) !== undefined ||
      (record !== undefined && record.availableAtMs <= this.clock.nowMs())
    );
  }

  private isLed({ log }: OpenLog): boolean {
    const nowMs = this.clock.nowMs();
    return this.group.leaderAtMs(log.id, nowMs) === nowMs;
  }

  /** Into the log as it is by now, where all that was fetched before has been read. */
  private goOn(one: OpenLog): void {
    if (one.changed === undefined) return;
    const { fromOffset } = one.changed;
    const record = one.log.records[indexAt(one.log, one.next)];
    if (record !== undefined && record.offset < fromOffset) return;
    one.next = Math.max(one.next, fromOffset);
    one.log = one.changed.log;
    one.changed = undefined;
    one.isOutside = one.isBeyond || this.isOutside(one.log, one.next);
  }

  private isOutside(log: PartitionLog, offset: number): boolean {
    return offset < log.low || offset > visibleEnd(log, this.clock.nowMs());
  }

  private visibleTo(log: PartitionLog, from: number): number {
    let to = from;
    while ((log.records[to]?.availableAtMs ?? Number.POSITIVE_INFINITY) <= this.clock.nowMs()) to += 1;
    return to;
  }
}

export function faultAt(
  one: OpenLog,
  record: LogRecord | undefined,
  nowMs: number,
): { readonly code: number; timesLeft: number } | undefined {
  if (one.isOutside) return { code: OUT_OF_RANGE, timesLeft: 1 };
  const planted = one.log.faults.find(
    (fault) =>
      fault.timesLeft > 0 &&
      fault.offset >= one.next &&
      (record === undefined || fault.offset <= record.offset),
  );
  if (planted !== undefined || record === undefined || record.offset < one.until) return planted;
  // Not before the record is there.
  return record.availableAtMs <= nowMs ? { code: LIMIT_REACHED, timesLeft: 1 } : undefined;
}
