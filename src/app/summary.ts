/** Reports how a run ended. */
import { ExitCode } from '../core/errors.js';
import type { RunReport } from '../dispatcher/report.js';
import type { JobReport } from './jobs/job-report.js';
import { type Snapshot, type SnapshotParts, snapshot } from './status.js';

/** The last output of `run`, `demo` and `bench`; with `-o json` one object. */
export interface Summary extends Snapshot {
  readonly reason: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string | null;
    readonly retryable: boolean;
  };
  readonly exitCode: number;
  readonly endedAt: string;
  /** Number of new configurations that took effect during the run. */
  readonly reloads: number;
  /** For a run with `--job`: the job as a whole, with all instances that ever worked on it. */
  readonly job?: JobReport;
}

export type RunFacts = Pick<SnapshotParts, 'name' | 'startedAt' | 'at' | 'bytesOut' | 'usage' | 'redact'> & {
  readonly reloads: number;
  /** A bounded run that was stopped by a signal before its end has exit code 7. */
  readonly stoppedBeforeEnd: boolean;
};

export function summarize(report: RunReport, facts: RunFacts): Summary {
  const { reloads, stoppedBeforeEnd, redact } = facts;
  const { message, remedy, ...reason } = reasonOf(report, stoppedBeforeEnd);
  return {
    ...snapshot({ ...facts, ...report, standing: report }),
    reason: { ...reason, message: redact(message), remedy: remedy === null ? null : redact(remedy) },
    exitCode: report.error?.exitCode ?? (stoppedBeforeEnd ? ExitCode.stoppedBeforeEnd : ExitCode.done),
    endedAt: facts.at.toISOString(),
    reloads,
  };
}

function reasonOf(report: RunReport, stoppedBeforeEnd: boolean): Summary['reason'] {
  if (report.error !== undefined) {
    const { code, message, remedy, retryable } = report.error;
    return { code, message, remedy: remedy ?? null, retryable };
  }
  if (stoppedBeforeEnd) {
    const message = 'stopped before the end; all records that were read are settled';
    return {
      code: 'STOPPED_BEFORE_END',
      message,
      remedy: 'run the same command again: it continues where this run stopped',
      retryable: true,
    };
  }
  return { code: 'DONE', retryable: false, ...doneWords(report) };
}

const NAMES_MAX = 5;

interface HeldBack {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** The offset after the last of them. */
  readonly to: number;
}

/**
 * A bounded run ends at the last stable offsets: records behind an open transaction are not part of it. A run
 * that was stopped may have waited for one.
 */
function heldBackIn({ ends, openTransactions }: RunReport): readonly HeldBack[] {
  if (ends === undefined)
    return openTransactions.map(({ stableOffset, endOffset, ...place }) => ({
      ...place,
      from: stableOffset,
      to: endOffset,
    }));
  return ends.flatMap(({ topic, partition, end, high }) =>
    high !== undefined && high > end ? [{ topic, partition, from: end, to: high }] : [],
  );
}

function doneWords(report: RunReport): Pick<Summary['reason'], 'message' | 'remedy'> {
  const heldBack = heldBackIn(report);
  const [first] = heldBack;
  if (first === undefined) return { message: 'done', remedy: null };
  const names = heldBack
    .slice(0, NAMES_MAX)
    .map(({ topic, partition, from, to }) => `${topic}[${partition}] ${from}–${to - 1}`);
  const more = heldBack.length > NAMES_MAX ? ' …' : '';
  return {
    message: `done, except for records that an open transaction holds back: ${names.join(', ')}${more}`,
    remedy:
      'run the same command again when the transaction is committed or aborted; find a hanging one with ' +
      `kafka-transactions.sh find-hanging --topic ${first.topic} --partition ${first.partition}`,
  };
}
