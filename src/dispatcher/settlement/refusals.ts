import type { PartitionId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { DeliveryFault } from '../../core/faults.js';
import type { DeliveryFailure } from '../../ports/sink.js';
import type { Rejection } from '../../ports/transform-pool.js';
import { describeOutputRow, type InFlightBatch, type Part, stopAt } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { RejectedRange } from '../transform/ranges.js';
import { refusalOf } from './refusal-of.js';
import type { Stall } from './stall.js';

/** The first of these kinds among a part's failures decides. */
const GRAVEST_FIRST: readonly DeliveryFault[] = [
  'fatal',
  'refused',
  'destination',
  'message-set',
  'bystander',
  'record',
];

interface RefusalsParts {
  readonly stall: Stall;
  readonly rewind: (reason: string) => void;
}

/**
 * Decides about rows that were not acknowledged. A record is blamed on evidence only: the broker named it, or
 * it was refused alone. All others are read again.
 */
export class Refusals {
  private readonly state: RunState;
  private readonly parts: RefusalsParts;

  constructor(state: RunState, parts: RefusalsParts) {
    this.state = state;
    this.parts = parts;
  }

  /** Returns the rows that become dead letters. */
  take(batch: InFlightBatch, part: Part, failures: readonly DeliveryFailure[]): readonly RejectedRange[] {
    const gravest = gravestOf(failures);
    // Also remembered for abandoned batches: their message sets may contain records of other batches.
    if (batch.abandoned || gravest.fault !== 'record') this.remember(batch, part, failures);
    if (batch.abandoned) {
      part.settledAlone?.(undefined);
    } else if (gravest.fault === 'record') {
      const rows = this.deadLetters(batch, part, failures);
      part.settledAlone?.(undefined);
      return rows;
    } else if (isAboutOthers(gravest) && part.settledAlone !== undefined) {
      part.settledAlone(gravest);
    } else {
      // Refused rows stay unsettled in any case: while stopping there is no rewind.
      batch.abandon();
      this.undelivered(batch, part, failures);
    }
    return [];
  }

  private undelivered(batch: InFlightBatch, part: Part, failures: readonly DeliveryFailure[]): void {
    const gravest = gravestOf(failures);
    const topic = this.topicOf(part, gravest);
    const rows = failures.length;
    const { fault, name, words } = gravest;
    if (fault === 'fatal') {
      this.state.fail(
        new DispatcherError('PRODUCER_FATAL', `the producer failed permanently: ${name} on topic ${topic}`, {
          remedy: 'start again: what was not committed is read again',
        }),
      );
    } else if (fault === 'message-set') {
      this.state.isolatedBatches = Limits.isolatedBatchesMax;
      this.parts.rewind(
        `topic ${topic} refused ${rows} records together (${name}): delivering them one by one`,
      );
    } else if (fault === 'bystander') {
      this.parts.rewind(`topic ${topic} refused ${rows} records because of others in their message set`);
    } else {
      this.parts.stall.destinationFailed({
        topic,
        name,
        ...(words === undefined ? {} : { words }),
        refused: fault === 'refused',
        rows,
        lastOffsets: lastOffsetsOf(batch, part, failures),
      });
    }
  }

  private remember(batch: InFlightBatch, part: Part, failures: readonly DeliveryFailure[]): void {
    for (const failure of failures) {
      if (failure.fault !== 'record') continue;
      const { sourceRow, deadLetter } = describeOutputRow(part, failure.outputRow);
      const segment = batch.segmentOf(sourceRow);
      if (segment === undefined) continue;
      const rejection = this.rejection(part, failure, deadLetter);
      this.state.named.add(segment.partitionId, {
        offset: batch.offsetOf(sourceRow),
        rejection,
        deadLetter,
      });
    }
  }

  /** Rows refused with the same words become dead letters together, however they are scattered. */
  private deadLetters(
    batch: InFlightBatch,
    part: Part,
    failures: readonly DeliveryFailure[],
  ): RejectedRange[] {
    const groups = new Map<string, { readonly rejectWith: Rejection; readonly rows: number[] }>();
    for (const { sourceRow, deadLetter, failure } of rowsOf(part, failures)) {
      if (batch.redirected.has(sourceRow) && !deadLetter) continue;
      const rejectWith = this.rejection(part, failure, deadLetter);
      if (deadLetter) {
        stopAt(batch, sourceRow, rejectWith);
        continue;
      }
      batch.redirected.set(sourceRow, rejectWith.code);
      const group = groups.get(rejectWith.message);
      if (group === undefined) groups.set(rejectWith.message, { rejectWith, rows: [sourceRow] });
      else group.rows.push(sourceRow);
    }
    return [...groups.values()].map(({ rejectWith, rows }) => {
      const first = rows[0] ?? 0;
      const count = (rows.at(-1) ?? first) - first + 1;
      return { first, count, rejectWith, ...(rows.length === count ? {} : { rows }) };
    });
  }

  private rejection(part: Part, failure: DeliveryFailure, deadLetter: boolean): Rejection {
    return refusalOf(this.topicOf(part, failure), failure, deadLetter);
  }

  private topicOf(part: Part, failure: DeliveryFailure): string {
    const { topicNumber } = describeOutputRow(part, failure.outputRow);
    return this.state.topicNames.get(topicNumber) ?? `number ${topicNumber}`;
  }
}

/** The last record of each partition that failed because of its destination. */
function lastOffsetsOf(
  batch: InFlightBatch,
  part: Part,
  failures: readonly DeliveryFailure[],
): ReadonlyMap<PartitionId, number> {
  const last = new Map<PartitionId, number>();
  for (const { outputRow, fault } of failures) {
    if (fault !== 'destination' && fault !== 'refused') continue;
    const { sourceRow } = describeOutputRow(part, outputRow);
    const segment = batch.segmentOf(sourceRow);
    if (segment === undefined) continue;
    const offset = batch.offsetOf(sourceRow);
    last.set(segment.partitionId, Math.max(offset, last.get(segment.partitionId) ?? 0));
  }
  return last;
}

function rowsOf(
  part: Part,
  failures: readonly DeliveryFailure[],
): { readonly sourceRow: number; readonly deadLetter: boolean; readonly failure: DeliveryFailure }[] {
  return failures
    .map((failure) => ({ ...describeOutputRow(part, failure.outputRow), failure }))
    .sort((a, b) => a.sourceRow - b.sourceRow);
}

function isAboutOthers({ fault }: DeliveryFailure): boolean {
  return fault === 'message-set' || fault === 'bystander';
}

function gravestOf(failures: readonly DeliveryFailure[]): DeliveryFailure {
  let gravest: DeliveryFailure | undefined;
  for (const failure of failures)
    if (gravest === undefined || rank(failure) < rank(gravest)) gravest = failure;
  if (gravest === undefined)
    throw new DispatcherError('DEFECT', 'a part of a batch failed without any failed row');
  return gravest;
}

function rank({ fault }: DeliveryFailure): number {
  return GRAVEST_FIRST.indexOf(fault);
}
