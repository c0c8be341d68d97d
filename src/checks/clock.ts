/**
 * Kafka has no question for the time. A probe may have heard the controller's (diagnosis/quorum-clock.ts).
 * Else there are timestamps that a broker itself has written: offsets are committed with its clock. They lie
 * in its past. One that lies in our future proves that its clock is ahead of ours, by as much at least; one
 * that lies a minute back proves that its clock is behind ours by a minute at most.
 */
import { type Check, Findings, spanOf } from './check.js';

/** Where every group's offsets are kept; written with the broker's clock. */
export const BROKER_WRITTEN_TOPIC = '__consumer_offsets';
const IN_TIME = 'keep both in time (chrony, NTP): certificates, tokens and timestamps go by them';
/** Commits of these last minutes tell a clock well. */
const RECENT_MS = 600_000;
/** As much may pass between writing and asking, or between clocks that are kept in time. */
const TOLERATED_MS = 5_000;

export interface ClockInput {
  /** By how much the controller's clock is ahead of ours, where that is known. */
  readonly aheadMs: number | undefined;
  /** The largest timestamp that a broker has written; undefined: it could not be asked. */
  readonly writtenMs: number | undefined;
  readonly whyNot: string;
  readonly nowMs: number;
}

export function judgeClock({ aheadMs, writtenMs, whyNot, nowMs }: ClockInput): readonly Check[] {
  const findings = new Findings('clock', 'brokers');
  if (aheadMs !== undefined) {
    const apart =
      `the controller's clock is ` +
      `${Math.abs(aheadMs) < 1_000 ? `${Math.abs(aheadMs)} ms` : spanOf(Math.abs(aheadMs))} ` +
      `${aheadMs < 0 ? 'behind' : 'ahead of'} this machine's`;
    if (Math.abs(aheadMs) > TOLERATED_MS) findings.warning(apart, IN_TIME);
    else findings.ok(apart);
    return findings.checks;
  }
  if (writtenMs === undefined || writtenMs < 0) {
    findings.skipped(
      writtenMs === undefined ? whyNot : 'the brokers have written nothing yet that would tell their time',
    );
    return findings.checks;
  }
  const signMs = writtenMs - nowMs;
  if (signMs > TOLERATED_MS)
    findings.warning(`a broker's clock is ahead of this machine's by ${spanOf(signMs)} or more`, IN_TIME);
  else if (-signMs > RECENT_MS)
    findings.skipped(
      `Kafka has no question for its time, and what a broker wrote last ` +
        `(${spanOf(-signMs)} ago) is too old to tell`,
    );
  else
    findings.ok(
      `no sign of a difference: a broker's clock is behind this machine's by ` +
        `${spanOf(Math.max(0, -signMs))} at most`,
    );
  return findings.checks;
}
