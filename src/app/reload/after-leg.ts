import { DispatcherError, type ErrorCode } from '../../core/errors.js';
import type { RunReport } from '../../dispatcher/report.js';

/**
 * A leg that is being replaced may end with these: nothing is lost, the next one reads from the committed
 * offsets.
 */
const MAKES_ROOM: ReadonlySet<ErrorCode> = new Set([
  'DRAIN_CUT',
  'STOPPED_BEFORE_END',
  'KAFKA_UNREACHABLE',
  'KAFKA_REFUSED',
  'DESTINATION_STALLED',
  'NO_ASSIGNMENT',
]);
/** A running leg that ends with these may have used a file that was replaced meanwhile. */
const MAY_BE_OUTDATED: ReadonlySet<ErrorCode> = new Set([
  'KAFKA_UNREACHABLE',
  'KAFKA_REFUSED',
  'DESTINATION_STALLED',
]);

/** The facts known when a leg has ended. */
export interface LegEnd {
  readonly report: RunReport;
  /** The leg started, and records flowed. */
  readonly ran: boolean;
  readonly isFirst: boolean;
  /** The user stopped the run. */
  readonly stopping: boolean;
  /** The configuration can be loaded again. */
  readonly reloadable: boolean;
  /** A new configuration is waiting to take over. */
  readonly hasPending: boolean;
}

/**
 * - `over`: no leg follows.
 * - `switch`: the pending configuration takes over.
 * - `start-again`: another attempt after a pause, since the run was moving before.
 * - `look-for-newer`: only if the files have changed since the clients were created.
 */
export type AfterLeg = 'over' | 'switch' | 'start-again' | 'look-for-newer';

export function afterLeg({ report, ran, isFirst, stopping, reloadable, hasPending }: LegEnd): AfterLeg {
  const { error, endReached, hung } = report;
  if (stopping || endReached || hung || !reloadable) return 'over';
  if (hasPending && (error === undefined || MAKES_ROOM.has(error.code))) return 'switch';
  if (error === undefined) return 'over';
  if (!ran) return isFirst ? 'over' : 'start-again';
  return MAY_BE_OUTDATED.has(error.code) ? 'look-for-newer' : 'over';
}

/** The report of the run, whose last leg ended like this. */
export function reportOfRun({ report, ran, isFirst, stopping, hasPending }: LegEnd): RunReport {
  const { error, hung } = report;
  // Stopped between two legs: the next leg was meant to recover from the error of the last one.
  if (stopping && !ran && !isFirst && !hung && error !== undefined && MAKES_ROOM.has(error.code))
    return { ...report, state: 'stopped', error: undefined };
  if (!hung || error !== undefined || !hasPending || stopping) return report;
  const cut = new DispatcherError('DRAIN_CUT', 'a client did not close in time, so no new one was created', {
    remedy: 'start again: the run continues from the committed offsets, with the new configuration',
  });
  return { ...report, state: 'failed', error: cut };
}
