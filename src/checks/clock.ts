/**
 * Kafka has no question for the time. What there is: timestamps that a broker itself has written (offsets are committed with its clock).
 * They lie in its past. One that lies in our future proves that its clock is ahead of ours, by as much at least; one that lies a minute back proves
 * that its clock is behind ours by a minute at most.
 */
import { type Check, Findings, spanOf } from './check.js';

/** Where every group's offsets are kept; written with the broker's clock. */
export const BROKER_WRITTEN_TOPIC = '__consumer_offsets';
/** Commits of these last minutes tell a clock well. */
const RECENT_MS = 600_000;
/** As much may pass between writing and asking, or between clocks that are kept in time. */
const TOLERATED_MS = 5_000;

export interface ClockInput {
  /** The largest timestamp that a broker has written; undefined: it could not be asked. */
  readonly writtenMs: number | undefined;
  readonly whyNot: string;
  readonly nowMs: number;
}

export function judgeClock({ writtenMs, whyNot, nowMs }: ClockInput): readonly Check[] {
  const findings = new Findings('clock', 'brokers');
  if (writtenMs === undefined || writtenMs < 0) {
    findings.skipped(writtenMs === undefined ? whyNot : 'the brokers have written nothing yet that would tell their time');
    return findings.checks;
  }
  const aheadMs = writtenMs - nowMs;
  if (aheadMs > TOLERATED_MS)
    findings.warning(
      `a broker's clock is ahead of this machine's by ${spanOf(aheadMs)} or more`,
      'keep both in time (chrony, NTP): certificates, tokens and timestamps go by them',
    );
  else if (-aheadMs > RECENT_MS)
    findings.skipped(`Kafka has no question for its time, and what a broker wrote last (${spanOf(-aheadMs)} ago) is too old to tell`);
  else findings.ok(`no sign of a difference: a broker's clock is behind this machine's by ${spanOf(Math.max(0, -aheadMs))} at most`);
  return findings.checks;
}
