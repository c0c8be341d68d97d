/** The current state of a run, read from its parts. */
import { committedOf, type RunStatus, type Standing } from './report.js';
import type { RunState } from './run-state.js';
import type { Parts } from './wiring.js';

export function statusOf(state: RunState, parts: Parts): RunStatus {
  const { accounting, flow, blocks, deps, partitions, lifecycle, progress } = state;
  const { rebalancer, stall, connectionTrouble, transactionWatch, leaderWatch, batchFlow } = parts;
  // Between two ticks much may have been settled.
  parts.runProgress.look();
  return {
    // Closing the clients is the last step of a drain.
    state: lifecycle.state === 'closing' ? 'draining' : lifecycle.state,
    records: accounting.snapshot(),
    owned: partitions.ownedCount,
    membership: rebalancer.membership.state,
    stalled: stall.stalled ?? connectionTrouble.stalled ?? deps.pool.trouble,
    inFlightRecords: flow.records,
    inFlightBytes: blocks.usedBytes,
    inFlightBytesMax: blocks.budgetBytes,
    threadsBusy: deps.pool.busy,
    threads: deps.pool.threads,
    progress: progress.progress(),
    isPlaced: state.settings.until === 'forever' || progress.isPlaced,
    lag: lagOf(state),
    slowed: deps.throttle?.slowdown(),
    openTransactions: transactionWatch.hanging,
    leaderless: leaderWatch.leaderless.map(({ topic, partition }) => ({ topic, partition })),
    latency: batchFlow.latencies(),
  };
}

export function standingOf(
  { deps, partitions, metrics, progress }: RunState,
  { batchFlow }: Parts,
): Standing {
  return {
    committed: committedOf(partitions),
    redelivery: partitions
      .uncommitted()
      .map(({ partitionId, from, to }) => ({ ...deps.describe(partitionId), from, to })),
    activeMs: batchFlow.activeMs,
    metrics: metrics.snapshot(),
    progress: progress.progress(),
    range: progress.range(),
  };
}

function lagOf({ partitions }: RunState): number | undefined {
  let lag: number | undefined;
  for (const { ours } of partitions.owned) {
    const { endOffset = -1, highOffset = -1 } = ours.progress ?? {};
    // Up to the high watermark: records behind an open transaction are still to be read.
    const end = Math.max(endOffset, highOffset);
    const committable = ours.reading?.offsets.committable;
    if (end >= 0 && committable !== undefined) lag = (lag ?? 0) + Math.max(0, end - committable);
  }
  return lag;
}
