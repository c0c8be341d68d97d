/** The dispatcher's reaction to each event of its ports. */
import type { GroupEvents } from '../ports/group.js';
import type { SinkEvents } from '../ports/sink.js';
import type { SourceEvents } from '../ports/source.js';
import { asDispatcherError } from './as-dispatcher-error.js';
import type { RunState } from './run-state.js';
import type { Parts } from './wiring.js';

export function sourceEvents(state: RunState, parts: Parts): SourceEvents {
  const { batchFlow, intake, rebalancer, readFaults, transactionWatch, tailWatch } = parts;
  return {
    batch: (input) =>
      state.guard(() => {
        for (const fault of batchFlow.read(input)) readFaults.fault(fault);
      }),
    assigned: (partitions) => state.guard(() => rebalancer.assigned(partitions)),
    replaced: (partitions) => state.guard(() => readFaults.replaced(partitions)),
    oversize: (bytes) => state.guard(() => intake.oversize(bytes)),
    progress: (reports) =>
      state.guard(() => {
        const atMs = state.deps.clock.nowMs();
        for (const report of reports) state.partitions.progress(report, atMs);
        transactionWatch.progress(reports);
        tailWatch.progress(reports);
      }),
    failed: (error) => state.fail(asDispatcherError(error)),
  };
}

export function groupEvents(state: RunState, { rebalancer }: Parts): GroupEvents {
  return {
    revoked: (partitions, lost) => state.guard(() => rebalancer.revoked(partitions, lost)),
    spare: () => state.guard(() => rebalancer.spare()),
  };
}

export function sinkEvents(state: RunState, { batchFlow }: Parts): SinkEvents {
  return {
    settled: (settled) => state.guard(() => batchFlow.settled(settled)),
    failed: (error) => state.fail(asDispatcherError(error)),
  };
}
