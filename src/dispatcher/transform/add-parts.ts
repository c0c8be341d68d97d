import type { Block } from '../../core/batch.js';
import type { TransformResult } from '../../ports/transform-pool.js';
import type { InFlightBatch } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';

/** Adds the parts of one answer: its block, and the overflow that did not fit. */
export function addParts(
  state: RunState,
  batch: InFlightBatch,
  { output, result, redirect }: { output: Block; result: TransformResult; redirect: boolean },
): void {
  const readyAtMs = state.deps.clock.nowMs();
  batch.addPart(output, result, { external: false, redirect }).readyAtMs = readyAtMs;
  if (result.overflow !== undefined) {
    state.blocks.bookExternal(result.overflow.byteLength);
    const block = { id: -1, bytes: result.overflow };
    batch.addPart(block, result, { external: true, redirect }).readyAtMs = readyAtMs;
  }
}
