/** Where one record is: read, in flight, settled, or not ours. Costs a walk over the batches in flight. */
import type { Segment } from '../core/batch.js';
import type { OffsetRange } from '../core/offset-ranges.js';
import { Outcome } from '../wire/layout.js';
import { type InFlightBatch, outcomeOf, type Part } from './in-flight-batch.js';
import type { Reading } from './partitions/partition-state.js';
import { endOf } from './partitions/partitions.js';
import type { RunState } from './run-state.js';

export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * - `held`: its batch may not be transformed yet, because an earlier batch of the partition is not written.
 * - `queued`: its batch waits for a worker. `transforming`: a worker has it, or the records before it.
 * - `ordered`: its results wait for those of earlier records. `written`: the producer has them.
 * - `acknowledged`: its results are acknowledged; other records of its batch are not done.
 */
export type FlightStage = 'held' | 'queued' | 'transforming' | 'ordered' | 'written' | 'acknowledged';

export interface Flight extends RecordPlace {
  readonly stage: FlightStage;
  /** Since it was read. */
  readonly ageMs: number;
  readonly batchRecords: number;
  readonly worker: {
    readonly thread: number;
    /** It has finished no record for this long. */
    readonly stillMs: number;
    /** The worker is at this very record: of those that it has begun, the first that is not finished. */
    readonly isAtIt: boolean;
  } | null;
  /** What the transform said: the reason of a filtered record, or the code of a dead letter. */
  readonly outcome: {
    readonly kind: 'transformed' | 'filtered' | 'dead-lettered';
    readonly code: string;
  } | null;
  /** The first record of the batch that it waits for. */
  readonly behind: RecordPlace | null;
}

/** Null: not known, or there is none. */
export interface RecordTrace extends RecordPlace {
  /** This member has the partition now. */
  readonly owned: boolean;
  /** Where this member began to read it. */
  readonly begunAt: number | null;
  /** Where a bounded run ends. */
  readonly until: number | null;
  /** The next offset to read. */
  readonly position: number | null;
  /** Everything before it is settled. */
  readonly committable: number | null;
  /** The last commit that the brokers confirmed. */
  readonly committed: number | null;
  readonly highWatermark: number | null;
  readonly stableOffset: number | null;
  /** Settled by this member, since `begunAt`. */
  readonly settled: boolean;
  readonly inFlight: Flight | null;
  /** The first record of the partition that is not settled, if it is an earlier one. */
  readonly waitingFor: Flight | null;
}

export function traceOf(state: RunState, place: RecordPlace): RecordTrace {
  const known = [...state.partitions.known].find(
    ({ topic, partition }) => topic === place.topic && partition === place.partition,
  );
  const ours = known?.ours;
  const reading = ours?.reading;
  const { offset } = place;
  const highWatermark = ours === undefined ? -1 : endOf(ours);
  const first = reading?.offsets.redelivery?.from;
  const isBehind = first !== undefined && offset > first;
  return {
    ...place,
    owned: ours !== undefined,
    begunAt: ours?.begunAt ?? null,
    until: reading !== undefined && Number.isFinite(reading.until) ? reading.until : null,
    position: reading?.offsets.position ?? null,
    committable: reading?.offsets.committable ?? null,
    committed: known?.committed ?? null,
    highWatermark: highWatermark < 0 ? null : highWatermark,
    stableOffset: ours?.progress?.endOffset ?? null,
    settled: ours !== undefined && reading !== undefined && isSettled(reading, ours.begunAt, offset),
    inFlight: flightOf(state, place),
    waitingFor: isBehind ? flightOf(state, { ...place, offset: first }) : null,
  };
}

function isSettled({ offsets, counted }: Reading, begunAt: number, offset: number): boolean {
  if (offset < begunAt) return false;
  const isWithin = ([from, to]: OffsetRange): boolean => offset >= from && offset < to;
  return offset < offsets.committable || offsets.settledAhead.some(isWithin) || counted.some(isWithin);
}

/** Null: it is in no batch. */
function flightOf(state: RunState, place: RecordPlace): Flight | null {
  for (const batch of state.inFlight.values()) {
    const segment = batch.input.segments.find((one) => isIn(state, one, place));
    if (segment === undefined) continue;
    const row = batch.rowOf(segment, place.offset);
    // Offsets without a record lie between those of a segment.
    return batch.offsetOf(row) === place.offset ? flightIn(state, batch, row, place) : null;
  }
  return null;
}

function isIn({ partitions, deps }: RunState, segment: Segment, place: RecordPlace): boolean {
  const { partitionId, epoch, firstOffset, lastOffset } = segment;
  if (place.offset < firstOffset || place.offset > lastOffset) return false;
  const { topic, partition } = deps.describe(partitionId);
  return topic === place.topic && partition === place.partition && partitions.isOpen(partitionId, epoch);
}

function flightIn(state: RunState, batch: InFlightBatch, row: number, place: RecordPlace): Flight {
  const part = partOf(batch, row);
  const work = part === undefined ? state.deps.pool.whereabouts?.(batch.id) : undefined;
  const stage = stageOf(batch, part, work !== undefined);
  return {
    ...place,
    stage,
    ageMs: Math.max(0, Math.round(state.deps.clock.nowMs() - batch.readAtMs)),
    batchRecords: batch.input.rowCount,
    worker:
      work === undefined
        ? null
        : {
            thread: work.thread,
            stillMs: work.stillMs,
            isAtIt: work.rowCount > 0 && row === work.firstRow,
          },
    outcome: part === undefined ? null : outcomeAt(part, row),
    behind: stage === 'held' || stage === 'ordered' ? earlier(state, batch) : null,
  };
}

function partOf({ parts }: InFlightBatch, row: number): Part | undefined {
  return parts.findLast(
    (part) =>
      !part.void &&
      row >= part.firstSourceRow &&
      row < part.firstSourceRow + part.sourceRowCount &&
      (!part.redirect || outcomeOf(part, row) !== Outcome.elsewhere),
  );
}

function stageOf(batch: InFlightBatch, part: Part | undefined, hasWorker: boolean): FlightStage {
  if (part === undefined) {
    if (!batch.started) return 'held';
    return hasWorker ? 'transforming' : 'queued';
  }
  if (part.state === 'ready') return 'ordered';
  return part.state === 'written' ? 'written' : 'acknowledged';
}

function outcomeAt(part: Part, row: number): Flight['outcome'] {
  const outcome = outcomeOf(part, row);
  const { filterReasons, deadLetterCodes } = part.result;
  if (outcome >= Outcome.deadLetteredBase)
    return { kind: 'dead-lettered', code: deadLetterCodes[outcome - Outcome.deadLetteredBase] ?? '' };
  if (outcome >= Outcome.filteredBase && outcome !== Outcome.elsewhere)
    return { kind: 'filtered', code: filterReasons[outcome - Outcome.filteredBase] ?? '' };
  return { kind: 'transformed', code: '' };
}

/** The first record of the oldest other batch in flight that shares a partition with this one. */
function earlier(state: RunState, batch: InFlightBatch): RecordPlace | null {
  const own = new Set(batch.partitionIds);
  for (const other of state.inFlight.values()) {
    if (other.id >= batch.id) return null;
    const shared = other.input.segments.find(({ partitionId }) => own.has(partitionId));
    if (shared === undefined || other.abandoned) continue;
    return { ...state.deps.describe(shared.partitionId), offset: shared.firstOffset };
  }
  return null;
}
