import type { DeliveryFailure } from '../../ports/sink.js';
import { describeOutputRow, type Part } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';

/** Counts rows that were not acknowledged, by their topic and error. */
export function countUndelivered(
  { undelivered, topicNames }: RunState,
  part: Part,
  failures: readonly DeliveryFailure[],
): void {
  for (const { outputRow, name } of failures) {
    const { topicNumber } = describeOutputRow(part, outputRow);
    undelivered.failed(topicNames.get(topicNumber) ?? `number ${topicNumber}`, name);
  }
}
