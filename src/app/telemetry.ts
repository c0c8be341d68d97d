import type { RunReport } from '../dispatcher/report.js';
import type { MetricFamily } from '../ports/metrics.js';
import type { Telemetry } from '../ports/telemetry.js';

/** A drain that was cut has used up its time, and `drain-timeout` promises when the process ends. */
const FLUSH_AFTER_CUT_MS = 500;

export interface Observed {
  readonly report: RunReport;
  /** Nothing of the run is left to be sent. */
  readonly flushed: boolean;
}

/** Observes the metrics of a run while it lasts; afterwards what it left behind is sent. */
export async function observed(
  telemetry: Telemetry | undefined,
  families: () => readonly MetricFamily[],
  run: () => Promise<RunReport>,
): Promise<Observed> {
  if (telemetry === undefined) return { report: await run(), flushed: true };
  const stopObserving = telemetry.observe(families);
  try {
    const report = await run();
    const wasCut = report.hung || report.error?.code === 'DRAIN_CUT';
    // The last figures are collected while it flushes.
    return { report, flushed: await telemetry.flush(wasCut ? FLUSH_AFTER_CUT_MS : Infinity) };
  } finally {
    stopObserving();
  }
}
