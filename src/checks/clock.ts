/**
 * Kafka has no request for the time. A probe may have learned the controller's time
 * (diagnosis/quorum-clock.ts). Otherwise there are timestamps that a broker wrote: it commits offsets with
 * its own clock, always in its past. If such a timestamp is in our future, the broker's clock is at least
 * that far ahead of this machine's. If it is a minute old, the broker's clock is at most a minute behind.
 */
import { type Check, Findings, spanOf } from './check.js';

/** The offsets of every group are kept here, with timestamps of the broker's clock. */
export const BROKER_WRITTEN_TOPIC = '__consumer_offsets';
const IN_TIME = 'synchronize both clocks (chrony, NTP): certificates, tokens and timestamps depend on them';
/** Only commits of these last minutes are recent enough to compare clocks. */
const RECENT_MS = 600_000;
/** This much may pass between writing and asking, or differ between synchronized clocks. */
const TOLERATED_MS = 5_000;

export interface ClockInput {
  /** How far the controller's clock is ahead of this machine's, if known. */
  readonly aheadMs: number | undefined;
  /** The latest timestamp that a broker wrote; undefined if it could not be read. */
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
      writtenMs === undefined ? whyNot : 'the brokers have written no timestamp yet to compare with',
    );
    return findings.checks;
  }
  const signMs = writtenMs - nowMs;
  if (signMs > TOLERATED_MS)
    findings.warning(`a broker's clock is ${spanOf(signMs)} or more ahead of this machine's`, IN_TIME);
  else if (-signMs > RECENT_MS)
    findings.skipped(
      `Kafka has no request for its time, and the last timestamp of a broker ` +
        `(${spanOf(-signMs)} ago) is too old to compare`,
    );
  else
    findings.ok(
      `no sign of a difference: a broker's clock is at most ${spanOf(Math.max(0, -signMs))} ` +
        "behind this machine's",
    );
  return findings.checks;
}
