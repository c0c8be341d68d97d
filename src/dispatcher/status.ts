/** The current state of a run, read from its parts. */
import { measuredIn } from '../core/books/run-books.js';
import type { EndHistory } from '../core/progress/end-history.js';
import { endOf } from './partitions/partitions.js';
import { committedOf, type PartitionStanding, type RunStatus, type Standing } from './report.js';
import type { RunState } from './run-state.js';
import type { Parts } from './wiring.js';

export function statusOf(state: RunState, parts: Parts): RunStatus {
  const { accounting, flow, blocks, deps, partitions, lifecycle, progress } = state;
  const { rebalancer, transactionWatch, leaderWatch, batchFlow } = parts;
  // Between two ticks much may have been settled.
  parts.runProgress.look();
  return {
    // Closing the clients is the last step of a drain.
    state: lifecycle.state === 'closing' ? 'draining' : lifecycle.state,
    records: accounting.snapshot(),
    owned: partitions.ownedCount,
    membership: rebalancer.membership.state,
    ...stallOf(state, parts),
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

const BLOCKED_REMEDY =
  'the transform waits inside a blocking call or a loop; the log names its record: give that call a time ' +
  'limit of its own, or make it asynchronous';

function stallOf({ deps }: RunState, parts: Parts): Pick<RunStatus, 'stalled' | 'stalledBy' | 'stallRemedy'> {
  const { stall, connectionTrouble } = parts;
  const destination = {
    stalledBy: 'destination',
    stalled: stall.stalled,
    stallRemedy: stall.remedy,
  } as const;
  const connection = {
    stalledBy: 'connection',
    stalled: connectionTrouble.stalled,
    stallRemedy: connectionTrouble.remedy,
  } as const;
  // Brokers that are away acknowledge nothing: then the silence is what follows, not the reason.
  const reasons = [
    ...(stall.isRefused ? [destination, connection] : [connection, destination]),
    { stalledBy: 'workers', stalled: deps.pool.trouble, stallRemedy: BLOCKED_REMEDY },
  ] as const;
  const nothing = { stalled: undefined, stalledBy: undefined, stallRemedy: undefined };
  return reasons.find(({ stalled }) => stalled !== undefined) ?? nothing;
}

export function standingOf(state: RunState, { batchFlow }: Parts): Standing {
  const { deps, partitions, metrics, progress } = state;
  return {
    partitions: partitionsOf(state),
    measured: measuredIn(state),
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
    const end = endOf(ours);
    const committable = ours.reading?.offsets.committable;
    if (end >= 0 && committable !== undefined) lag = (lag ?? 0) + Math.max(0, end - committable);
  }
  return lag;
}

function partitionsOf({ partitions, deps }: RunState): PartitionStanding[] {
  const nowMs = deps.clock.nowMs();
  return partitions.owned.map(({ topic, partition, ours }) => {
    const committable = ours.reading?.offsets.committable;
    const behind = (end: number | undefined): number | null =>
      end === undefined || end < 0 || committable === undefined ? null : Math.max(0, end - committable);
    const age = (ends: EndHistory): number =>
      committable === undefined ? 0 : ends.ageMs(committable, nowMs) / 1000;
    const { uncommittedSinceMs = nowMs } = ours;
    return {
      topic,
      partition,
      lagRecords: behind(endOf(ours)),
      stableLagRecords: behind(ours.progress?.endOffset),
      lagSeconds: age(ours.ends),
      stableLagSeconds: age(ours.stableEnds),
      commitAgeSeconds: (nowMs - uncommittedSinceMs) / 1000,
    };
  });
}
